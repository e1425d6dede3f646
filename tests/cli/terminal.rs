//! What is shown on a terminal, and the keys that are pressed there.

use std::os::unix::process::ExitStatusExt;
use std::process::{Command, Stdio};

use jam_lock_tests::child::{Child, try_in_child};
use jam_lock_tests::observe::wait_until;
use jam_lock_tests::output::run_to_end;
use jam_lock_tests::requirements::container;

use crate::pseudo_terminal::Terminal;
use crate::{command, folder, stderr};

const CTRL_C: &str = "\x03";
const CTRL_Z: &str = "\x1a";

#[test]
fn ctrl_c_reaches_the_command_once() {
    let folder = folder();
    let script =
        "trap 'echo trapped' INT; echo held; while read -r line; do echo \"<$line>\"; done";
    let mut terminal = Terminal::start(folder.path(), &["run", "x", "--", "bash", "-c", script]);
    terminal.shows("held");
    terminal.press(CTRL_C);
    terminal.shows("trapped");
    terminal.press("more\n");
    // A second signal would have been printed before this.
    terminal.shows("<more>");
    assert_eq!(terminal.screen().matches("trapped").count(), 1);
    terminal.press("\x04");
    assert!(terminal.end().success());
}

#[test]
fn the_progress_line_disappears_when_the_command_starts() {
    let folder = folder();
    let child = Child::holding(folder.path(), "x");
    let id = format!("(pid {})", child.id());
    let mut terminal = Terminal::start(folder.path(), &["run", "x", "--", "echo", "inside"]);
    terminal.shows(&id);
    child.release();
    assert!(terminal.end().success());
    terminal.shows("\r\x1b[2Kinside");
}

#[test]
fn ctrl_c_ends_a_wait_and_clears_its_line() {
    let folder = folder();
    let child = Child::holding(folder.path(), "x");
    let mut terminal = Terminal::start(folder.path(), &["run", "x", "true"]);
    terminal.shows("waiting ");
    terminal.press(CTRL_C);
    assert_eq!(terminal.end().signal(), Some(2));
    terminal.shows("^C\r\x1b[2K");
    child.release();
}

#[test]
fn watch_updates_the_list_until_q_is_pressed() {
    for (key, interval) in [("q", "1"), (CTRL_C, "1000")] {
        let folder = folder();
        let child = Child::holding(folder.path(), "x");
        let mut terminal = Terminal::start(folder.path(), &["watch", "--interval", interval]);
        terminal.shows(&format!("{}", child.id()));
        assert!(!terminal.is_restored());
        child.release();
        if interval == "1" {
            terminal.shows("free");
        }
        terminal.press(key);
        assert!(terminal.end().success());
        terminal.shows("\x1b[?1049l");
        assert!(terminal.is_restored());
    }
}

#[test]
fn held_locks_are_shown_first_if_there_is_no_room_for_all() {
    let folder = folder();
    for name in 0..500 {
        std::fs::write(folder.path().join(format!("{name}.lock")), "").unwrap();
    }
    let child = Child::holding(folder.path(), "z");
    let terminal = Terminal::start(folder.path(), &["watch"]);
    terminal.shows("… 485 more, all free");
    let screen = terminal.screen();
    let (titles, held) = (screen.find("NAME").unwrap(), screen.find("\nz   ").unwrap());
    assert!(titles < held && held < screen.find("\n0   ").unwrap(), "{screen}");
    assert!(!screen.contains("TOKEN"), "{screen}");
    child.release();
}

#[test]
fn a_long_name_leaves_room_for_the_other_columns() {
    let folder = folder();
    let child = Child::holding(folder.path(), &format!("begin{}end", "-".repeat(80)));
    let terminal = Terminal::start(folder.path(), &["watch"]);
    terminal.shows("---end  ");
    terminal.shows(&format!("writer\x1b[0m  {}  ", child.id()));
    assert!(terminal.screen().contains("begin--"));
    child.release();
}

#[test]
fn the_absolute_path_of_the_folder_is_shown() {
    let folder = folder();
    let path = folder.path().canonicalize().unwrap();
    let path = path.to_str().unwrap();
    let command = [env!("CARGO_BIN_EXE_command"), "--locks", ".", "watch"];
    let terminal = Terminal::with(&[&["env", "-C", path], &command[..]].concat());
    terminal.shows(&format!("locks of {path}, every 1 s; q to quit"));
}

#[test]
fn an_error_is_shown_in_full() {
    let folder = folder();
    let path = folder.path().join("long".repeat(30));
    std::fs::create_dir(&path).unwrap();
    let terminal = Terminal::start(&path, &["watch", "--interval", "0.1"]);
    terminal.shows("q to quit");
    std::fs::remove_dir(&path).unwrap();
    terminal.shows("os error 2");
}

#[test]
fn an_invalid_interval_is_an_error() {
    let folder = folder();
    for (interval, why) in [
        ("0", "the shortest interval is 0.1 seconds"),
        ("-1", "the shortest interval is 0.1 seconds"),
        ("inf", "the interval is too long"),
        ("often", "a number of seconds"),
    ] {
        let interval = format!("--interval={interval}");
        let output = run_to_end(command(folder.path()).args(["watch", &interval]));
        assert_eq!(output.status.code(), Some(2));
        assert!(stderr(&output).contains(why), "{output:?}");
    }
}

#[test]
fn a_stop_restores_the_terminal_until_it_continues() {
    assert_stops_and_continues(&[]);
}

#[test]
fn a_stop_restores_the_terminal_of_a_session_outside_the_namespace() {
    if let Some(container) = container() {
        assert_stops_and_continues(&container);
    }
}

fn assert_stops_and_continues(inside: &[&str]) {
    let folder = folder();
    // A shell with job control, which continues the first job as soon as it has stopped.
    let shell = ["bash", "-mc", "\"$@\"; fg", "bash"];
    let command = [env!("CARGO_BIN_EXE_command"), "--locks", folder.path().to_str().unwrap()];
    let mut terminal = Terminal::with(&[inside, &shell, &command, &["watch"]].concat());
    terminal.shows("q to quit");
    terminal.press(CTRL_Z);
    terminal.shows("\x1b[?1049l");
    wait_until("it continues", || terminal.screen().matches("\x1b[?1049h").count() == 2);
    terminal.press("q");
    assert!(terminal.end().success());
    assert!(terminal.is_restored());
}

#[test]
fn without_a_job_control_shell_ctrl_z_does_not_stop() {
    let folder = folder();
    let mut terminal = Terminal::start(folder.path(), &["run", "x", "--", "cat"]);
    terminal.press("first\n");
    terminal.shows("first\r\nfirst");
    terminal.press(CTRL_Z);
    terminal.press("second\n\x04");
    terminal.shows("second\r\nsecond");
    assert!(terminal.end().success());
}

#[test]
fn a_command_ends_when_its_terminal_is_closed() {
    let folder = folder();
    let (command, path) = (env!("CARGO_BIN_EXE_command"), folder.path().display());
    let line = format!("exec '{command}' --locks '{path}' run x -- sleep 1000");
    let mut command = Command::new("env");
    command.args(["--default-signal", "script", "--quiet", "--command", &line, "/dev/null"]);
    let mut terminal = command.stdin(Stdio::piped()).stdout(Stdio::null()).spawn().unwrap();
    wait_until("the command runs", || try_in_child(folder.path(), "x") != "acquired");
    terminal.kill().unwrap();
    terminal.wait().unwrap();
    wait_until("the lock is free", || try_in_child(folder.path(), "x") == "acquired");
}
