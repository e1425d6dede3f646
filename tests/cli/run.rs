//! `run`: runs a command under a lock, and exits as the command does.

use std::fs;
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::Command;

use jam_lock_tests::child::{Child, try_in_child};
use jam_lock_tests::output::run_to_end;

use crate::{HOLD, command, folder, holding, run, stderr, stdout};

#[test]
fn the_output_and_the_status_are_the_commands() {
    let folder = folder();
    let output = run(folder.path(), &["x", "--", "sh", "-c", "echo done; exit 3"]);
    assert_eq!((output.status.code(), &*stdout(&output)), (Some(3), "done\n"));
    assert_eq!(stderr(&output), "");
}

#[test]
fn arguments_are_passed_as_they_are() {
    let folder = folder();
    let output = run(folder.path(), &["x", "printf", "%s|", "a b", "--timeout", "$HOME", ""]);
    assert_eq!(stdout(&output), "a b|--timeout|$HOME||");
}

#[test]
fn the_lock_is_held_as_long_as_the_command_runs() {
    let folder = folder();
    let child = holding(folder.path(), &[], HOLD);
    assert!(try_in_child(folder.path(), "x").contains("is already held"));
    child.release();
    assert_eq!(try_in_child(folder.path(), "x"), "acquired");
}

#[test]
fn a_command_whose_lock_file_is_removed_runs_to_its_end_and_the_status_says_so() {
    let folder = folder();
    let file = folder.path().join("x.lock");
    let script = format!("rm {}; echo done", file.display());
    let output = run(folder.path(), &["x", "--", "sh", "-c", &script]);
    assert_eq!((output.status.code(), &*stdout(&output)), (Some(74), "done\n"));
    let text = stderr(&output);
    assert!(text.contains("was lost while held: its lock file was removed or replaced"), "{text}");
}

#[test]
fn a_holder_that_has_not_released_the_lock_is_reported() {
    let folder = folder();
    let child = holding(folder.path(), &[], HOLD);
    fs::remove_file(folder.path().join("x.lock")).unwrap();
    let output = run(folder.path(), &["x", "true"]);
    let text = stderr(&output);
    assert!(output.status.success(), "{text}");
    let expected = "lock `x` was granted although `";
    assert!(text.contains(expected) && text.contains(&format!("(pid {})", child.id())), "{text}");
}

#[test]
fn flock_1_and_the_command_exclude_each_other() {
    let folder = folder();
    let path = folder.path().join("x.lock");
    let child = holding(folder.path(), &[], HOLD);
    let flock = || Command::new("flock").arg("-n").arg(&path).arg("true").status().unwrap();
    assert_eq!(flock().code(), Some(1));
    child.release();
    assert!(flock().success());
    let child = Child::flock(&path, "-x");
    assert_eq!(run(folder.path(), &["x", "-t", "0", "true"]).status.code(), Some(75));
    child.release();
}

#[test]
fn readers_run_together() {
    let folder = folder();
    let child = holding(folder.path(), &["--shared"], HOLD);
    assert!(run(folder.path(), &["x", "--shared", "--timeout", "0", "true"]).status.success());
    assert_eq!(run(folder.path(), &["x", "--timeout", "0", "true"]).status.code(), Some(75));
    child.release();
}

#[test]
fn the_command_line_is_shown_to_others() {
    let folder = folder();
    let child = holding(folder.path(), &[], HOLD);
    let error = try_in_child(folder.path(), "x");
    assert!(
        error.contains(&format!(" by `sh -c {HOLD}`, command (pid {})", child.id())),
        "{error}"
    );
    child.release();
}

#[test]
fn a_long_command_line_is_cut_and_fits_on_one_line() {
    let folder = folder();
    let script = format!("echo held\ncat; echo released # {}", "é::ü ".repeat(99));
    let child = holding(folder.path(), &[], &script);
    let error = try_in_child(folder.path(), "x");
    assert!(error.contains(" by `sh -c echo held cat; echo released # é::ü é"), "{error}");
    assert!(error.contains("…`, command (pid "), "{error}");
    child.release();
}

#[test]
fn a_missing_command_exits_with_127() {
    let folder = folder();
    for (command, advice) in [
        ("no-such-command", ""),
        ("cd /srv && make", "; if it is a line for a shell, write `sh -c '…'`"),
    ] {
        let output = run(folder.path(), &["x", "--", command]);
        assert_eq!(output.status.code(), Some(127));
        let expected = format!("jam-lock: cannot run `{command}`: command not found{advice}\n");
        assert_eq!(stderr(&output), expected);
    }
    assert_eq!(try_in_child(folder.path(), "x"), "acquired");
}

#[test]
fn a_command_that_cannot_be_run_exits_with_126() {
    let folder = folder();
    let path = folder.path().join("notes");
    fs::write(&path, "my own").unwrap();
    let output = run(folder.path(), &["x", "--", path.to_str().unwrap()]);
    assert_eq!(output.status.code(), Some(126), "{output:?}");
}

#[test]
fn control_characters_are_not_printed() {
    let folder = folder();
    let output = run(folder.path(), &["x", "--", "no\x1b[2Jcommand"]);
    assert!(stderr(&output).contains("no?[2Jcommand"), "{output:?}");
}

#[test]
fn a_command_killed_by_a_signal_kills_jam_lock_by_the_same_signal() {
    let folder = folder();
    for (name, signal) in [("TERM", 15), ("INT", 2), ("KILL", 9), ("SEGV", 11)] {
        let output = run(folder.path(), &["x", "--", "sh", "-c", &format!("kill -{name} $$")]);
        assert_eq!(output.status.signal(), Some(signal), "{name}: {output:?}");
        assert_eq!(try_in_child(folder.path(), "x"), "acquired");
    }
}

#[test]
fn background_processes_of_the_command_do_not_hold_the_lock() {
    let folder = folder();
    let script = "sleep 1000 >/dev/null 2>&1 & echo $!";
    let output = run(folder.path(), &["x", "--", "sh", "-c", script]);
    let left = stdout(&output);
    assert_eq!(try_in_child(folder.path(), "x"), "acquired");
    assert!(Command::new("kill").arg(left.trim()).status().unwrap().success());
}

#[test]
fn with_descendants_background_processes_hold_the_lock() {
    let folder = folder();
    // The shell exits at once, and leaves a process running that reads the test's pipe.
    let script = "exec 3<&0; (echo held; cat <&3 >&2; echo released) & exit 3";
    let mut child = holding(folder.path(), &["--descendants"], script);
    assert!(try_in_child(folder.path(), "x").contains("is already held"));
    assert!(child.close().ends_with("released"));
    assert_eq!(child.status().code(), Some(3));
    assert_eq!(try_in_child(folder.path(), "x"), "acquired");
}

#[test]
fn a_dead_holder_is_reported() {
    let folder = folder();
    let child = Child::holding(folder.path(), "x");
    let id = child.id();
    child.kill();
    let output = run(folder.path(), &["x", "true"]);
    assert!(output.status.success());
    let text = stderr(&output);
    assert!(text.starts_with("jam-lock: the last holder of lock `x` died inside: child"), "{text}");
    assert!(text.contains(&format!("(pid {id})")), "{text}");
    assert_eq!(stderr(&run(folder.path(), &["x", "true"])), "");
}

#[test]
fn an_invalid_name_is_an_error() {
    let folder = folder();
    let output = run(folder.path(), &["../x", "true"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(stderr(&output).contains("invalid lock name"), "{output:?}");
}

#[test]
fn a_lock_error_exits_with_71() {
    let folder = folder();
    fs::create_dir(folder.path().join("x.lock")).unwrap();
    let output = run(folder.path(), &["x", "true"]);
    assert_eq!(output.status.code(), Some(71));
    assert!(stderr(&output).contains("not a regular file"), "{output:?}");
}

#[test]
fn without_an_option_the_default_folder_is_used() {
    let folder = folder();
    let run = |variable: Option<&str>| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_command"));
        command.env_remove("JAM_LOCK").envs(variable.map(|location| ("JAM_LOCK", location)));
        command.current_dir(folder.path()).args(["run", "x", "true"]).status().unwrap()
    };
    assert!(run(None).success() && folder.path().join("locks/x.lock").exists());
    assert!(run(Some("else")).success() && folder.path().join("else/x.lock").exists());
}

#[test]
fn the_url_of_an_unknown_engine_is_an_error() {
    let output = run(Path::new("etcd://me:secret@host"), &["x", "true"]);
    assert_eq!(output.status.code(), Some(71));
    assert!(stderr(&output).contains("is not supported at etcd://…"), "{output:?}");
}

#[test]
fn the_help_lists_the_exit_statuses() {
    let folder = folder();
    let output = run_to_end(command(folder.path()).args(["run", "--help"]));
    for status in ["75  timed out", "74  the lock", "71  the lock", "127", "126"] {
        assert!(stdout(&output).contains(status), "{output:?}");
    }
}
