//! Signals: they are passed on to the command once, and end a wait.

use std::os::unix::process::{CommandExt, ExitStatusExt};

use jam_lock_tests::child::{Child, try_in_child};
use jam_lock_tests::observe::{blocked_on, wait_until};
use jam_lock_tests::output::run_to_end;
use rustix::process::{Pid, Signal, kill_process};

use crate::{command, folder, holding, start_piped};

/// A shell script that prints the signals that it gets.
const LISTEN: &str = "
for signal in HUP INT QUIT TERM USR1 USR2; do trap \"echo $signal\" $signal; done
echo held
while read -r line; do echo \"$line\"; done
echo released";

fn send(process: u32, signal: Signal) {
    let process = Pid::from_raw(i32::try_from(process).unwrap()).unwrap();
    kill_process(process, signal).unwrap();
}

#[test]
fn a_terminating_signal_is_passed_on_once() {
    let folder = folder();
    // bash continues a read(2) that a trap has interrupted; dash does not.
    let mut command = command(folder.path());
    command.args(["run", "x", "--", "bash", "-c", LISTEN]);
    let mut child = Child::start(&mut command).after("held");
    for (signal, name) in [
        (Signal::HUP, "HUP"),
        (Signal::INT, "INT"),
        (Signal::QUIT, "QUIT"),
        (Signal::TERM, "TERM"),
        (Signal::USR1, "USR1"),
        (Signal::USR2, "USR2"),
    ] {
        send(child.id(), signal);
        assert_eq!(child.next_line(), name);
        // A second signal would be printed before this.
        child.send("more");
        assert_eq!(child.next_line(), "more");
    }
    child.release();
}

#[test]
fn a_command_killed_by_a_passed_on_signal_kills_jam_lock_too() {
    let folder = folder();
    let mut child = holding(folder.path(), &[], "echo held; exec sleep 1000");
    send(child.id(), Signal::TERM);
    assert_eq!(child.status().signal(), Some(Signal::TERM.as_raw()));
    assert_eq!(try_in_child(folder.path(), "x"), "acquired");
}

#[test]
fn a_signal_ends_a_wait_and_nothing_is_left_behind() {
    let folder = folder();
    let holds = Child::holding(folder.path(), "x");
    for signal in [Signal::INT, Signal::TERM, Signal::HUP] {
        let waiting = start_piped(command(folder.path()).args(["run", "x", "true"]));
        wait_until("it waits", || blocked_on(&folder.path().join("x.lock")) == 1);
        send(waiting.id(), signal);
        let status = waiting.wait_with_output().unwrap().status;
        assert_eq!(status.signal(), Some(signal.as_raw()));
        assert_eq!(blocked_on(&folder.path().join("x.lock")), 0);
    }
    holds.release();
    assert_eq!(try_in_child(folder.path(), "x"), "acquired");
}

#[test]
fn ignored_signals_are_inherited_by_the_command() {
    let folder = folder();
    let mut command = std::process::Command::new("nohup");
    command.arg(env!("CARGO_BIN_EXE_command")).arg("--locks").arg(folder.path());
    command.args(["run", "x", "--", "grep", "SigIgn", "/proc/self/status"]);
    let output = run_to_end(&mut command);
    let text = String::from_utf8(output.stdout).unwrap();
    let set = u64::from_str_radix(text.trim_start_matches("SigIgn:").trim(), 16).unwrap();
    assert_eq!(set & 1, 1, "{text}");
}

#[test]
fn a_stop_signal_stops_the_command_too_and_both_continue() {
    let folder = folder();
    let mut command = command(folder.path());
    command.args(["run", "x", "--", "sh", "-c", "echo held; echo $$; cat; echo released"]);
    // The kernel stops a process group only if a process of another group can continue it.
    let mut child = Child::start(command.process_group(0)).after("held");
    let started = child.next_line();
    let state = |process: &str| {
        let stat = std::fs::read_to_string(format!("/proc/{process}/stat")).unwrap();
        stat.rsplit_once(") ").unwrap().1.chars().next().unwrap()
    };
    let own = child.id().to_string();
    send(child.id(), Signal::TSTP);
    wait_until("both have stopped", || state(&started) == 'T' && state(&own) == 'T');
    send(child.id(), Signal::CONT);
    wait_until("both continue", || state(&started) != 'T' && state(&own) != 'T');
    child.release();
}
