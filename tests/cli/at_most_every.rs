//! `run --at-most-every`: a command runs once in a period, unless it fails.

use std::path::Path;

use jam_lock_tests::output::run_to_end;
use serde_json::Value;

use crate::{HOLD, command, folder, holding, run, stderr, stdout};

/// Runs `sh -c SCRIPT` at most once an hour, with these options; returns its status and the messages.
fn hourly(folder: &Path, options: &[&str], script: &str) -> (Option<i32>, String) {
    let before = ["x", "--at-most-every", "1h"];
    let output = run(folder, &[&before, options, &["--", "sh", "-c", script]].concat());
    (output.status.code(), stderr(&output))
}

#[test]
fn only_a_command_that_exits_with_0_counts() {
    let folder = folder();
    assert_eq!(hourly(folder.path(), &[], "exit 3").0, Some(3));
    assert_eq!(hourly(folder.path(), &[], "kill -9 $$").0, None);
    let not_found = run(folder.path(), &["x", "--at-most-every", "1h", "no-such-command"]);
    assert_eq!(not_found.status.code(), Some(127));
    holding(folder.path(), &["--at-most-every", "1d"], HOLD).kill();
    assert_eq!(hourly(folder.path(), &[], "exit 0").0, Some(0));
    assert_eq!(hourly(folder.path(), &[], "exit 0").0, Some(75));
}

#[test]
fn a_run_that_is_too_soon_has_the_status_of_a_timeout_and_says_why() {
    let folder = folder();
    assert_eq!(hourly(folder.path(), &[], "true"), (Some(0), String::new()));
    let (status, text) = hourly(folder.path(), &[], "echo wrong");
    assert_eq!(status, Some(75));
    assert!(
        text.contains("too soon to run under lock `x` (") && text.contains("`sh -c true`"),
        "{text}"
    );
    assert_eq!(hourly(folder.path(), &["--exit-code", "9"], "true").0, Some(9));
    assert_eq!(hourly(folder.path(), &["--skip"], "true"), (Some(0), String::new()));
    let (status, text) = hourly(folder.path(), &["--skip", "--verbose"], "true");
    assert!(status == Some(0) && text.contains("skipped: too soon to run"), "{text}");
}

#[test]
fn a_period_needs_a_known_unit_and_no_readers() {
    let folder = folder();
    for (options, expected) in [
        (
            &["--at-most-every", "1w"][..],
            "expected a number with a unit, such as 90s, 15min, 1h or 1d",
        ),
        (&["--at-most-every", "1h", "--shared"], "cannot be used with"),
    ] {
        let output = run(folder.path(), &[&["x"], options, &["true"]].concat());
        assert_eq!(output.status.code(), Some(2));
        assert!(stderr(&output).contains(expected), "{}", stderr(&output));
    }
}

#[test]
fn list_and_who_show_the_last_run_and_the_next() {
    let folder = folder();
    hourly(folder.path(), &[], "true");
    let show = |arguments: &[&str]| stdout(&run_to_end(command(folder.path()).args(arguments)));
    let table = show(&["list"]);
    // It may have taken some seconds until then.
    assert!(table.contains(" ago, the next in 59 min "), "{table}");
    let sentence = show(&["who", "x"]);
    assert!(sentence.starts_with("free; last run "), "{sentence}");
    assert!(sentence.contains(", by `sh -c true`, "), "{sentence}");
    let found: Value = serde_json::from_str(&show(&["list", "--json"])).unwrap();
    let last_run = &found[0]["last_run"];
    let number = |key: &str| last_run[key].as_f64().expect(key);
    assert_eq!(last_run["period"].to_string(), "3600.0");
    assert!((number("next") - number("began") - 3600.0).abs() < 0.01 && number("age") < 600.0);
    assert_eq!(last_run["holder"]["function"], "sh -c true");
}
