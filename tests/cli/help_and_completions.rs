//! `completions`, `man` and the help.

use std::io::Write;
use std::process::{Command, Stdio};

use jam_lock_tests::output::run_to_end;
use jam_lock_tests::requirements::skip;

use crate::pseudo_terminal::Terminal;
use crate::{stderr, stdout};

const COMMAND: &str = env!("CARGO_BIN_EXE_command");

fn printed_by(arguments: &[&str]) -> String {
    let output = run_to_end(Command::new(COMMAND).args(arguments));
    assert_eq!((output.status.code(), &*stderr(&output)), (Some(0), ""), "{arguments:?}");
    stdout(&output)
}

#[test]
fn bash_completes_the_options_of_a_subcommand() {
    let script = "source <(\"$0\" completions bash)
        COMP_WORDS=(jam-lock run --) COMP_CWORD=2
        _jam__lock jam-lock -- run
        printf '%s\\n' \"${COMPREPLY[@]}\"";
    let output = run_to_end(Command::new("bash").args(["-c", script, COMMAND]));
    let offered = stdout(&output);
    assert!(offered.lines().any(|word| word == "--timeout"), "{output:?}");
}

#[test]
fn every_shell_has_completions() {
    for shell in ["bash", "elvish", "fish", "powershell", "zsh"] {
        assert!(printed_by(&["completions", shell]).contains("descendants"), "{shell}");
    }
}

#[test]
fn the_short_help_lists_the_exit_statuses() {
    for (subcommand, status) in [
        ("run", "75  timed out waiting for the lock"),
        ("list", "2  the locks cannot be accessed"),
        ("who", "1  the lock is free"),
        ("sweep", "2  the locks cannot be accessed"),
    ] {
        assert!(printed_by(&[subcommand, "-h"]).contains(status), "{subcommand}");
    }
}

#[test]
fn the_long_help_has_examples_and_the_keys_of_json() {
    assert!(
        printed_by(&["run", "--help"]).contains("jam-lock run nightly --timeout 60 -- ./backup.sh")
    );
    let keys = printed_by(&["list", "--help"]);
    for key in [
        "name",
        "state",
        "readers",
        "waiting",
        "token",
        "holder",
        "abandoned_by",
        "unreleased_by",
        "process",
        "program",
        "host",
        "function",
        "file",
        "line",
        "since",
        "held_for",
    ] {
        assert!(keys.contains(&format!("  {key} ")), "{key}");
    }
}

#[test]
fn the_help_of_the_command_has_examples() {
    for option in ["-h", "--help"] {
        let help = printed_by(&[option]);
        let (_, examples) = help.split_once("Examples:").expect("there are examples");
        for example in ["jam-lock run nightly -- ./backup.sh", "jam-lock list", "jam-lock who "] {
            assert!(examples.contains(example), "{help}");
        }
        assert!(examples.lines().all(|line| line.len() <= 80), "{help}");
    }
}

#[test]
fn the_synopsis_of_the_manual_has_the_options_with_their_values() {
    let page = printed_by(&["man"]).replace("\\-", "-").replace("\\fI", "").replace("\\fR", "");
    let (_, page) = page.split_once(".SH SYNOPSIS").unwrap();
    let (synopsis, _) = page.split_once(".SH ").unwrap();
    let synopsis = synopsis.replace("\\fB", "");
    for words in [
        "jam-lock run [-t|--timeout SECONDS]",
        "[--exit-code STATUS]",
        " [--locks FOLDER|URL] NAME [--] COMMAND ...",
        "jam-lock list [--json] [--color WHEN]",
        "jam-lock completions SHELL",
    ] {
        assert!(synopsis.contains(words), "{words}: {synopsis}");
    }
}

#[test]
fn help_is_a_subcommand_too() {
    assert_eq!(printed_by(&["help"]), printed_by(&["--help"]));
    assert_eq!(printed_by(&["help", "run"]), printed_by(&["run", "--help"]));
}

#[test]
fn subcommands_without_locks_have_no_option_for_their_location() {
    for subcommand in ["man", "completions"] {
        assert!(!printed_by(&[subcommand, "-h"]).contains("--locks"), "{subcommand}");
    }
    assert!(printed_by(&["sweep", "-h"]).contains("--locks"));
}

#[test]
fn the_manual_is_one_page_with_a_section_per_topic() {
    let page = printed_by(&["man"]);
    assert_eq!(page.lines().filter(|line| line.starts_with(".TH ")).count(), 1, "{page}");
    let sections: Vec<_> = page.lines().filter_map(|line| line.strip_prefix(".SH ")).collect();
    assert_eq!(
        sections,
        [
            "NAME",
            "SYNOPSIS",
            "DESCRIPTION",
            "OPTIONS",
            "COMMANDS",
            "\"EXIT STATUS\"",
            "NOTES",
            "ENVIRONMENT",
            "FILES",
            "EXAMPLES",
            "VERSION"
        ]
    );
    assert!(!page.contains("(1)"), "there is no page beside it: {page}");
}

#[test]
fn groff_formats_the_manual_without_a_warning() {
    let mut groff = Command::new("groff");
    groff.args(["-man", "-Tutf8", "-ww"]).stdin(Stdio::piped());
    groff.stdout(Stdio::piped()).stderr(Stdio::piped());
    let Ok(mut groff) = groff.spawn() else { return skip("there is no groff") };
    groff.stdin.take().unwrap().write_all(printed_by(&["man"]).as_bytes()).unwrap();
    let output = groff.wait_with_output().unwrap();
    assert_eq!(stderr(&output), "");
    assert!(stdout(&output).contains("JAM_LOCK"), "{}", stdout(&output));
}

#[test]
fn the_help_wraps_at_words_in_a_terminal_of_80_columns() {
    for (arguments, last) in [
        (&["--help"][..], "the holder of one lock"),
        (&["run", "-h"], "invalid arguments"),
        (&["run", "--help"], "jam-lock run stock --shared"),
        (&["list", "--help"], "invalid arguments"),
    ] {
        let terminal = Terminal::of_width(80, &[&[COMMAND], arguments].concat());
        terminal.shows(last);
        for line in terminal.screen().lines() {
            let text = console::strip_ansi_codes(line);
            assert!(text.trim_end().chars().count() <= 80, "{arguments:?}: {text}");
        }
    }
}
