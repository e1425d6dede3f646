//! Waiting for a lock that others hold.

use jam_lock_tests::child::Child;
use jam_lock_tests::observe::{blocked_on, wait_until};
use jam_lock_tests::order::Order;

use crate::{command, folder, run, start_piped, stderr};

#[test]
fn a_timeout_names_the_holder_and_exits_with_75() {
    let folder = folder();
    let child = Child::holding(folder.path(), "x");
    let output = run(folder.path(), &["x", "--timeout", "0.05", "--", "true"]);
    assert_eq!(output.status.code(), Some(75));
    let text = stderr(&output);
    assert!(text.starts_with("jam-lock: timed out after "), "{text}");
    assert!(text.contains(&format!("by child (pid {})", child.id())), "{text}");
    assert_eq!(text.lines().count(), 1);
}

#[test]
fn a_timeout_of_0_does_not_wait() {
    let folder = folder();
    let _child = Child::holding(folder.path(), "x");
    let output = run(folder.path(), &["x", "--timeout", "0", "true"]);
    assert_eq!(output.status.code(), Some(75));
    assert!(stderr(&output).contains("the timeout is 0"), "{output:?}");
}

#[test]
fn the_status_of_a_timeout_can_be_chosen() {
    let folder = folder();
    let _child = Child::holding(folder.path(), "x");
    let output = run(folder.path(), &["x", "--timeout", "0", "--exit-code", "9", "true"]);
    assert_eq!(output.status.code(), Some(9));
}

#[test]
fn a_job_that_is_running_is_skipped_without_a_message() {
    let folder = folder();
    let _child = Child::holding(folder.path(), "x");
    let output = run(folder.path(), &["x", "--skip", "--", "false"]);
    assert_eq!((output.status.code(), &*stderr(&output)), (Some(0), ""));
    let output = run(folder.path(), &["x", "--skip", "--verbose", "--", "false"]);
    assert_eq!(output.status.code(), Some(0));
    assert!(stderr(&output).starts_with("jam-lock: skipped: lock `x`"), "{output:?}");
}

#[test]
fn errors_are_shown_although_a_run_may_be_skipped_quietly() {
    let folder = folder();
    std::fs::create_dir(folder.path().join("x.lock")).unwrap();
    let output = run(folder.path(), &["x", "--skip", "--quiet", "true"]);
    assert_eq!(output.status.code(), Some(71));
    assert!(stderr(&output).contains("not a regular file"), "{output:?}");
}

#[test]
fn a_quiet_wait_prints_only_that_it_timed_out() {
    let folder = folder();
    let _child = Child::holding(folder.path(), "x");
    // Longer than it takes until the holder is shown.
    let output = run(folder.path(), &["x", "--quiet", "--timeout", "1.3", "true"]);
    let text = stderr(&output);
    assert!(
        text.starts_with("jam-lock: timed out after 1.") && text.lines().count() == 1,
        "{text}"
    );
}

#[test]
fn an_invalid_timeout_is_an_error() {
    let folder = folder();
    for timeout in ["soon", "NaN", ""] {
        let output = run(folder.path(), &["x", "--timeout", timeout, "true"]);
        assert_eq!(output.status.code(), Some(2), "{timeout}");
        assert!(stderr(&output).contains("a number of seconds"), "{output:?}");
    }
}

#[test]
fn a_negative_timeout_other_than_minus_1_is_an_error() {
    let folder = folder();
    for timeout in ["-0.5", "-2", "-1e300"] {
        let output = run(folder.path(), &["x", "--timeout", timeout, "true"]);
        assert_eq!(output.status.code(), Some(2), "{timeout}");
        assert!(stderr(&output).contains("use -1 to wait forever, 0 to try once"), "{output:?}");
    }
    for timeout in ["-1", "-1.0", "-0", "inf"] {
        let output = run(folder.path(), &["x", "--timeout", timeout, "true"]);
        assert!(output.status.success(), "{timeout}: {output:?}");
    }
}

#[test]
fn minus_1_waits_until_the_lock_is_free() {
    let folder = folder();
    let child = Child::holding(folder.path(), "x");
    let waiting = start_piped(command(folder.path()).args(["run", "x", "-t", "-1", "true"]));
    wait_until("it waits", || blocked_on(&folder.path().join("x.lock")) == 1);
    child.release();
    assert!(waiting.wait_with_output().unwrap().status.success());
}

#[test]
fn a_long_wait_prints_the_holder_once() {
    let folder = folder();
    let child = Child::holding(folder.path(), "x");
    let mut waiting = start_piped(command(folder.path()).args(["run", "x", "--", "echo", "in"]));
    let mut line = String::new();
    let mut errors = std::io::BufReader::new(waiting.stderr.take().unwrap());
    std::io::BufRead::read_line(&mut errors, &mut line).unwrap();
    assert!(line.starts_with("jam-lock: waiting for lock `x`: held for "), "{line}");
    assert!(line.contains(&format!("child (pid {})", child.id())), "{line}");
    child.release();
    assert_eq!(waiting.wait_with_output().unwrap().stdout, b"in\n");
    assert_eq!(std::io::read_to_string(errors).unwrap(), "");
}

#[test]
fn a_program_inside_the_section_is_told_that_it_would_wait_for_its_own_lock() {
    let folder = folder();
    let acquire = Order::PrintToken { location: folder.path(), name: "x" }.shell_command();
    for line in [&acquire, &format!("timeout 60 {acquire}; exit $?")] {
        let output = run(folder.path(), &["x", "--", "timeout", "100", "sh", "-c", line]);
        assert_eq!(output.status.code(), Some(1), "{output:?}");
        let text = stderr(&output);
        assert!(text.contains(", which waits for this process to exit, so both would"), "{text}");
    }
}

#[test]
fn a_command_inside_the_section_does_not_wait_for_its_own_lock() {
    let folder = folder();
    let inner = [env!("CARGO_BIN_EXE_command"), "--locks", folder.path().to_str().unwrap()];
    // With a shell in between, and `timeout` in case it waits forever.
    let outer = ["x", "--", "sh", "-c", "\"$@\"; exit $?", "sh", "timeout", "60"];
    let output = run(folder.path(), &[&outer[..], &inner, &["run", "x", "true"]].concat());
    assert_eq!(output.status.code(), Some(71), "{output:?}");
    let text = stderr(&output);
    assert!(text.contains("refusing to wait for lock `x`: this command runs inside "), "{text}");
}
