//! A lock that is held by a process that has started this one: the parent, or one above it.

use std::path::Path;
use std::process::Command;

use jam_lock_tests::child::Child;
use jam_lock_tests::order::Order;
use jam_lock_tests::output::run_to_end;

use crate::folder;

/// What `words` print to standard error, with the command line of a process that acquires `x` without a
/// timeout as their last word. It fails if that would wait forever.
fn errors_of_child_in(folder: &Path, words: &[&str]) -> String {
    let acquire = Order::PrintToken { location: folder, name: "x" }.shell_command();
    // In case it waits forever.
    let mut command = Command::new("timeout");
    command.args(["--signal=KILL", "100"]).args(words).arg(acquire).current_dir(folder);
    let output = run_to_end(&mut command);
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    String::from_utf8(output.stderr).unwrap()
}

fn assert_is_told(text: &str, holder: &str) {
    assert!(text.contains(&format!("x.lock): it is held {holder}")), "{text}");
    let why = ", which waits for this process to exit, so both would wait forever; ";
    assert!(text.contains(why), "{text}");
}

#[test]
fn a_child_is_told_at_once_that_its_parent_holds_the_lock_and_waits_for_it() {
    let folder = folder();
    let acquire = Order::PrintToken { location: folder.path(), name: "x" }.shell_command();
    for line in [
        format!("exec {acquire}"),
        format!("{acquire}; exit $?"),
        format!("timeout 90 {acquire}; exit $?"),
    ] {
        let order = Order::HoldAndRun { folder: folder.path(), name: "x", line: &line };
        let output = run_to_end(&mut order.command());
        assert_eq!(output.status.code(), Some(1), "{output:?}");
        assert_is_told(&String::from_utf8(output.stderr).unwrap(), "by child (pid ");
    }
}

#[test]
fn a_child_of_another_program_that_holds_the_lock_is_told_as_well() {
    let folder = folder();
    let text = errors_of_child_in(folder.path(), &["flock", "x.lock", "sh", "-c"]);
    assert_is_told(&text, "by flock (pid ");
    let shell = ["bash", "-c", "exec 9>>x.lock; flock 9; sh -c \"$1\"; exit $?", "bash"];
    assert_is_told(&errors_of_child_in(folder.path(), &shell), "by bash (pid ");
}

#[test]
fn a_child_waits_for_a_parent_that_may_release_the_lock() {
    let folder = folder();
    let acquire = Order::PrintToken { location: folder.path(), name: "x" }.shell_command();
    let hold = "exec 9>>x.lock; flock 9";
    for line in [
        // It waits for another child first.
        format!("{hold}; {acquire} & sleep 1; flock -u 9; wait $!"),
        // It waits for input.
        format!("{hold}; {acquire} & read -t 1 -r; flock -u 9; wait $!"),
    ] {
        let mut shell =
            Child::start(Command::new("bash").args(["-c", &line]).current_dir(folder.path()));
        assert!(shell.next_line().parse::<u64>().is_ok(), "it has a token");
        assert!(shell.status().success());
    }
}

#[test]
fn a_timeout_says_that_the_holder_has_started_this_process() {
    let folder = folder();
    let acquire = Order::TryAcquire { location: folder.path(), name: "x" }.shell_command();
    let line = format!("exec 9>>x.lock; flock 9; {acquire} & read -r; wait");
    let mut shell =
        Child::start(Command::new("bash").args(["-c", &line]).current_dir(folder.path()));
    let text = shell.next_line();
    assert!(text.ends_with(", which started this process"), "{text}");
    shell.close();
}
