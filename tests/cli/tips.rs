//! Command lines that are written as for another command.

use jam_lock_tests::output::run_to_end;

use crate::{command, folder, run, stderr};

#[test]
fn options_of_other_commands_lead_to_those_of_this_one() {
    let folder = folder();
    for (option, meant) in [
        ("--wait", "--timeout"),
        ("-w", "--timeout"),
        ("--nonblock", "--timeout 0"),
        ("-n", "--timeout 0"),
        ("--folder", "--locks"),
        ("--every", "--at-most-every"),
        ("--max", "--permits"),
        ("--or-else", "--skip"),
    ] {
        let output = run(folder.path(), &["x", option, "1", "--", "true"]);
        assert_eq!(output.status.code(), Some(2));
        let text = stderr(&output);
        assert!(text.contains(&format!("exists: '{meant}'\n")), "{option}: {text}");
        assert!(!text.contains("as a value"), "{option}: {text}");
    }
}

#[test]
fn a_line_without_its_subcommand_or_name_is_shown_the_right_form() {
    let folder = folder();
    for (line, tip) in [
        (&["nightly", "--", "true"][..], "to use lock `nightly`: jam-lock run nightly -- COMMAND"),
        (&["status", "nightly"], "a similar subcommand exists: 'who'"),
        (&["ls"], "a similar subcommand exists: 'list'"),
        (
            &["run", "--timeout", "0", "--", "/srv/backup.sh", "now"],
            "the name of the lock comes first: jam-lock run NAME -- COMMAND",
        ),
    ] {
        let output = run_to_end(command(folder.path()).args(line));
        assert_eq!(output.status.code(), Some(2), "{line:?}");
        assert!(stderr(&output).contains(&format!("tip: {tip}\n")), "{}", stderr(&output));
    }
}

#[test]
fn a_timeout_may_have_a_unit() {
    let folder = folder();
    for timeout in ["5s", "500ms", "1min", "2h", "0.5"] {
        let output = run(folder.path(), &["x", "--timeout", timeout, "true"]);
        assert!(output.status.success(), "{timeout}: {}", stderr(&output));
    }
    let output = run(folder.path(), &["x", "--timeout", "5m", "true"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(stderr(&output).contains("such as 500ms, 15min or 1h"), "{}", stderr(&output));
}
