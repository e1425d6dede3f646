//! Where the locks are if nobody has chosen that.

use std::path::Path;
use std::process::{Command, Output};

use jam_lock_tests::output::run_to_end;

use crate::pseudo_terminal::Terminal;
use crate::{folder, stderr, stdout};

const COMMAND: &str = env!("CARGO_BIN_EXE_command");

/// What the command prints in a folder, without a location of its locks.
fn run_in(folder: &Path, arguments: &[&str]) -> Output {
    let mut command = Command::new(COMMAND);
    run_to_end(command.args(arguments).current_dir(folder).env_remove("JAM_LOCK"))
}

#[test]
fn a_list_says_that_it_shows_the_default_folder() {
    let folder = folder();
    assert!(run_in(folder.path(), &["run", "x", "true"]).status.success());
    let output = run_in(folder.path(), &["list"]);
    let locks = folder.path().canonicalize().unwrap().join("locks");
    let note = format!(
        "jam-lock: locks of {}, the default; choose another with --locks or JAM_LOCK\n",
        locks.display()
    );
    assert_eq!(stderr(&output), note);
    assert!(stdout(&output).lines().nth(1).is_some_and(|line| line.starts_with("x ")));
    for chosen in [&["list", "--locks", "locks"][..], &["list", "--json"]] {
        assert_eq!(stderr(&run_in(folder.path(), chosen)), "");
    }
    let output = run_in(folder.path(), &["who", "y"]);
    let expected = format!("recorded in {}, the default location)\n", locks.display());
    assert!(stdout(&output).ends_with(&expected), "{output:?}");
}

#[test]
fn the_first_error_says_that_the_default_folder_is_missing() {
    let folder = folder();
    let output = run_in(folder.path(), &["list"]);
    let text = stderr(&output);
    let path = folder.path().canonicalize().unwrap().join("locks");
    assert!(text.contains(path.to_str().unwrap()), "{text}");
    let end = "; it is the default; choose another with --locks or JAM_LOCK\n";
    assert!(text.ends_with(end), "{text}");
}

#[test]
fn a_terminal_shows_that_a_run_has_created_the_default_folder() {
    let folder = folder();
    let path = folder.path().canonicalize().unwrap();
    let words = ["env", "--unset=JAM_LOCK", "-C", path.to_str().unwrap(), COMMAND];
    let run = || Terminal::of_width(200, &[&words[..], &["run", "x", "echo", "inside"]].concat());
    let terminal = run();
    terminal.shows("inside");
    terminal
        .shows(&format!("created the lock folder {}/locks, the default; choose", path.display()));
    let terminal = run();
    terminal.shows("inside");
    assert!(!terminal.screen().contains("created"), "{}", terminal.screen());
}

#[test]
fn what_only_a_shell_expands_is_no_folder() {
    let folder = folder();
    for location in ["~/locks", "$HOME/locks", "app@db1/shop"] {
        let mut command = Command::new(COMMAND);
        command.args(["run", "x", "true"]).env("JAM_LOCK", location).current_dir(folder.path());
        let output = run_to_end(&mut command);
        assert_eq!(output.status.code(), Some(71), "{output:?}");
        assert!(stderr(&output).contains("; a folder of that name is ./"), "{output:?}");
    }
    assert_eq!(folder.path().read_dir().unwrap().count(), 0);
}
