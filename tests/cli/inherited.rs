//! What `jam-lock run` inherits from its parent neither disturbs it nor is kept from the command.

use std::process::{Command, Stdio};

use jam_lock_tests::output::run_to_end;

use crate::{folder, stdout};

/// All standard signals, as a bit set.
const STANDARD_SIGNALS: u64 = (1 << 31) - 1;

/// What `env` with these options, and then `words`, print to standard output.
fn printed(options: &[&str], words: &[&str]) -> String {
    // `timeout` in case it never ends.
    let timeout = ["--signal=KILL", "60", "env", "--default-signal"];
    let mut command = Command::new("timeout");
    let output = run_to_end(command.args(timeout).args(options).args(words));
    assert!(output.status.success(), "{output:?}");
    stdout(&output)
}

/// The same for a command under `jam-lock run`.
fn printed_under_lock(options: &[&str], words: &[&str]) -> String {
    let folder = folder();
    let location = folder.path().to_str().unwrap();
    let run = [env!("CARGO_BIN_EXE_command"), "--locks", location, "run", "x", "--"];
    printed(options, &[&run, words].concat())
}

/// A field of `/proc/self/status` that has a set of signals.
fn signals(text: &str, field: &str) -> u64 {
    let set = text.lines().find_map(|line| line.strip_prefix(field)).expect("the field is there");
    u64::from_str_radix(set.trim(), 16).unwrap() & STANDARD_SIGNALS
}

#[test]
fn a_command_is_seen_to_exit_although_sigchld_is_blocked() {
    // Not at once, so that only the signal shows it.
    let words = ["sh", "-c", "sleep 0.2; echo done"];
    assert_eq!(printed_under_lock(&["--block-signal=CHLD"], &words), "done\n");
}

#[test]
fn the_status_is_the_commands_although_sigchld_is_ignored() {
    let folder = folder();
    let mut command = Command::new("env");
    command.args(["--ignore-signal=CHLD", env!("CARGO_BIN_EXE_command"), "--locks"]);
    command.arg(folder.path()).args(["run", "x", "--", "sh", "-c", "exit 3"]);
    assert_eq!(command.status().unwrap().code(), Some(3));
}

#[test]
fn the_command_inherits_blocked_and_ignored_signals() {
    let read = ["cat", "/proc/self/status"];
    for options in [
        &[][..],
        &["--block-signal=CHLD,TERM,USR1,TSTP,ALRM,WINCH"],
        &["--ignore-signal=HUP,INT,QUIT,TERM,TSTP,CONT,ALRM,WINCH"],
    ] {
        let (direct, under_lock) = (printed(options, &read), printed_under_lock(options, &read));
        for field in ["SigBlk:", "SigIgn:"] {
            let (direct, under_lock) = (signals(&direct, field), signals(&under_lock, field));
            assert_eq!(direct, under_lock, "{field} {options:?}");
        }
    }
}

#[test]
fn under_nohup_the_command_ignores_a_hang_up() {
    let read = ["nohup", env!("CARGO_BIN_EXE_command"), "--locks"];
    let folder = folder();
    let location = folder.path().to_str().unwrap();
    let words = [&read[..], &[location, "run", "x", "cat", "/proc/self/status"]].concat();
    assert_eq!(signals(&printed(&[], &words), "SigIgn:") & 1, 1);
}

#[test]
fn nothing_that_a_parent_has_changed_keeps_the_command_from_running() {
    for prepare in [
        "exec 0<&-",
        "exec 0<&- 1>&- 2>&-",
        "ulimit -n 8",
        "ulimit -f 0",
        "ulimit -c 0; ulimit -s 256; ulimit -v 400000",
        "mkdir gone; cd gone; rmdir ../gone",
        // It has children that are not the command.
        "sleep 5 & sleep 0.1 &",
    ] {
        let folder = folder();
        let mut command = Command::new("timeout");
        command.args(["--signal=KILL", "60", "sh", "-c"]);
        command.arg(format!("{prepare}\nexec \"$@\"")).arg("sh").current_dir(folder.path());
        command.args([env!("CARGO_BIN_EXE_command"), "--locks"]).arg(folder.path().join("locks"));
        command.args(["run", "x", "--", "sh", "-c", "sleep 0.2; exit 7"]);
        let status = command.stdout(Stdio::null()).stderr(Stdio::null()).status().unwrap();
        assert_eq!(status.code(), Some(7), "{prepare}");
    }
}

#[test]
fn the_command_inherits_limits_umask_and_niceness() {
    let inside = "umask; nice; cat /proc/self/limits; readlink /proc/self/fd/7; pwd";
    let set = "umask 027; ulimit -n 100; ulimit -c 0; exec 7</dev/zero; exec nice -n 3 \"$@\"";
    let folder = folder();
    let location = folder.path().to_str().unwrap();
    let run = [env!("CARGO_BIN_EXE_command"), "--locks", location, "run", "x", "--"];
    let printed_by = |run: &[&str]| {
        printed(&[], &[&["sh", "-c", set, "sh"][..], run, &["sh", "-c", inside]].concat())
    };
    let (direct, under_lock) = (printed_by(&[]), printed_by(&run));
    assert!(direct.contains("0027\n") && direct.contains("/dev/zero\n"), "{direct}");
    assert_eq!(direct, under_lock);
}
