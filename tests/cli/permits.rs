//! Locks with permits.

use jam_lock_tests::child::Child;
use jam_lock_tests::output::run_to_end;
use serde_json::Value;

use crate::{HOLD, command, folder, run, stderr, stdout};

#[test]
fn as_many_commands_run_at_once_as_there_are_permits() {
    let folder = folder();
    let start = || {
        let mut command = command(folder.path());
        command.args(["run", "export", "--permits", "2", "--", "sh", "-c", HOLD]);
        Child::start(&mut command).after("held")
    };
    let children = [start(), start()];
    let refused = run(folder.path(), &["export", "--permits", "2", "--timeout", "0", "true"]);
    assert_eq!(refused.status.code(), Some(75));
    let text = stderr(&refused);
    assert!(text.contains("all 2 permits of lock `export` ("), "{text}");
    for child in &children {
        assert!(text.contains(&format!("(pid {})", child.id())), "{text}");
    }

    let table = stdout(&run_to_end(command(folder.path()).arg("list")));
    let lines: Vec<_> = table.lines().collect();
    assert_eq!(lines.len(), 2, "{table}");
    assert!(lines[1].starts_with("export  2/2 "), "{table}");
    for child in &children {
        assert!(lines[1].contains(&format!("(pid {})", child.id())), "{table}");
    }

    let json = stdout(&run_to_end(command(folder.path()).args(["list", "--json"])));
    let json: Value = serde_json::from_str(&json).unwrap();
    assert_eq!(
        (json[0]["state"].as_str(), json[0]["name"].as_str()),
        (Some("permits"), Some("export"))
    );
    let permits = json[0]["permits"].as_array().unwrap();
    assert_eq!(permits.len(), 2);
    assert!(
        permits.iter().all(|permit| permit["state"] == "writer" && permit["holder"].is_object())
    );

    let who = run_to_end(command(folder.path()).args(["who", "export"]));
    assert_eq!(who.status.code(), Some(0));
    assert!(stdout(&who).starts_with("2 of 2 permits held: held for "), "{}", stdout(&who));

    children.into_iter().for_each(Child::release);
    let output = run(folder.path(), &["export", "--permits", "2", "--timeout", "0", "true"]);
    assert!(output.status.success(), "{}", stderr(&output));
}

#[test]
fn another_number_of_permits_is_an_error() {
    let folder = folder();
    let _child = Child::holding(folder.path(), "export*3");
    let output = run(folder.path(), &["export", "--permits", "2", "true"]);
    assert_eq!(output.status.code(), Some(71));
    let text = stderr(&output);
    assert!(text.contains(" has 2 permits here, and 3 for its holder, "), "{text}");
}

#[test]
fn wrong_numbers_are_refused() {
    for arguments in [["--permits", "0"], ["--permits", "256"]] {
        let output = run(folder().path(), &["export", arguments[0], arguments[1], "true"]);
        assert_eq!(output.status.code(), Some(2), "{}", stderr(&output));
    }
    let output = run(folder().path(), &["export", "--shared", "--permits", "2", "true"]);
    assert_eq!(output.status.code(), Some(2), "{}", stderr(&output));
}
