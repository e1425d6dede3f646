//! `list`, `who`, `sweep` and `watch`.

use std::io::Read;
use std::path::Path;
use std::process::{Output, Stdio};

use jam_lock_tests::child::{Child, try_in_child};
use jam_lock_tests::output::run_to_end;
use serde_json::Value;

use crate::{command, folder, stderr, stdout};

fn run_subcommand(folder: &Path, arguments: &[&str]) -> Output {
    run_to_end(command(folder).args(arguments))
}

fn json(folder: &Path) -> Value {
    serde_json::from_str(&stdout(&run_subcommand(folder, &["list", "--json"]))).unwrap()
}

#[test]
fn a_list_has_a_line_for_each_lock() {
    let folder = folder();
    try_in_child(folder.path(), "free");
    let child = Child::in_section(folder.path(), "x");
    let text = stdout(&run_subcommand(folder.path(), &["list"]));
    let lines: Vec<_> = text.lines().collect();
    let titles: Vec<_> = lines[0].split("  ").map(str::trim).filter(|it| !it.is_empty()).collect();
    assert_eq!(titles, ["NAME", "STATE", "PID", "HELD FOR", "WAITING", "HOLDER"]);
    assert!(lines[1].starts_with(&format!("called_x  writer  {}  ", child.id())), "{text}");
    assert!(lines[1].contains("  `on_apply` at tests/child/sections.rs:"), "{text}");
    assert!(lines[2].starts_with("free      free "), "{text}");
    assert_eq!(lines.len(), 3);
}

#[test]
fn json_has_all_that_is_known() {
    let folder = folder();
    let child = Child::in_section(folder.path(), "x");
    let found = json(folder.path());
    let lock = &found[0];
    assert_eq!((lock["name"].as_str(), lock["state"].as_str()), (Some("called_x"), Some("writer")));
    assert_eq!(lock["waiting"], 0);
    let holder = &lock["holder"];
    assert_eq!(holder["process"], child.id());
    assert_eq!(holder["function"], "on_apply");
    assert_eq!(holder["file"], "tests/child/sections.rs");
    assert!(holder["line"].is_u64() && holder["since"].is_f64() && holder["held_for"].is_f64());
    // A number would be rounded by programs that read all numbers as floating-point ones.
    assert!(lock["token"].as_str().is_some_and(|token| token.parse::<u64>().is_ok()));
    assert_eq!(holder["token"], lock["token"]);
    assert_eq!(lock["abandoned_by"], Value::Null);
    child.kill();
    let lock = &json(folder.path())[0];
    assert_eq!((lock["state"].as_str(), &lock["holder"]), (Some("free"), &Value::Null));
    assert_eq!(lock["abandoned_by"]["function"], "on_apply");
}

#[test]
fn who_exits_with_0_and_a_sentence_if_the_lock_is_held() {
    let folder = folder();
    let child = Child::holding(folder.path(), "x");
    let output = run_subcommand(folder.path(), &["who", "x"]);
    assert_eq!(output.status.code(), Some(0));
    let text = stdout(&output);
    assert!(text.starts_with("held for ") && text.contains(&format!("(pid {})", child.id())));
}

#[test]
fn who_exits_with_1_if_the_lock_is_free() {
    let folder = folder();
    try_in_child(folder.path(), "used");
    let here = folder.path().canonicalize().unwrap();
    let never_used = format!("free (no use of it is recorded in {})\n", here.display());
    for (name, expected) in [("used", "free\n"), ("never", &never_used)] {
        let output = run_subcommand(folder.path(), &["who", name]);
        assert_eq!((output.status.code(), &*stdout(&output)), (Some(1), expected));
    }
}

#[test]
fn a_dead_holder_is_shown() {
    let folder = folder();
    let child = Child::in_section(folder.path(), "x");
    let id = format!("(pid {})", child.id());
    child.kill();
    let output = run_subcommand(folder.path(), &["who", "called_x"]);
    assert_eq!(output.status.code(), Some(1));
    let text = stdout(&output);
    assert!(text.starts_with("free; died inside: `on_apply` at ") && text.contains(&id), "{text}");
}

#[cfg(target_os = "linux")]
#[test]
fn a_holder_whose_file_was_removed_is_shown() {
    let folder = folder();
    let child = Child::in_section(folder.path(), "x");
    std::fs::remove_file(folder.path().join("called_x.lock")).unwrap();
    let output = run_subcommand(folder.path(), &["who", "called_x"]);
    assert_eq!(output.status.code(), Some(1));
    let (text, id) = (stdout(&output), format!("(pid {})", child.id()));
    assert!(
        text.starts_with("free; not released by `on_apply` at ") && text.contains(&id),
        "{text}"
    );
    let text = stdout(&run_subcommand(folder.path(), &["list"]));
    assert!(text.contains("  not released by `on_apply` at ") && text.contains(&id), "{text}");
    assert_eq!(json(folder.path())[0]["unreleased_by"]["process"], child.id());
}

#[test]
fn what_is_in_the_place_of_a_lock_file_is_not_called_free() {
    let folder = folder();
    std::fs::create_dir(folder.path().join("x.lock")).unwrap();
    let output = run_subcommand(folder.path(), &["who", "x"]);
    assert_eq!((output.status.code(), &*stdout(&output)), (Some(2), ""));
    assert!(stderr(&output).contains("it may be a lock of "), "{output:?}");
    let text = stdout(&run_subcommand(folder.path(), &["list"]));
    assert!(text.lines().nth(1).is_some_and(|line| line.starts_with("x     unknown ")), "{text}");
}

#[test]
fn an_invalid_name_is_an_error() {
    let folder = folder();
    let output = run_subcommand(folder.path(), &["who", "a/b"]);
    assert_eq!((output.status.code(), &*stdout(&output)), (Some(2), ""));
    assert!(stderr(&output).contains("invalid lock name"), "{output:?}");
}

#[test]
fn a_missing_folder_is_an_error_and_is_not_created() {
    let folder = folder();
    let missing = folder.path().join("missing");
    for subcommand in [&["list"][..], &["who", "x"], &["sweep"]] {
        let output = run_subcommand(&missing, subcommand);
        assert_eq!(output.status.code(), Some(2));
        assert!(stderr(&output).contains("No such file or directory"), "{output:?}");
        assert!(
            stderr(&output).ends_with("choose another with --locks or JAM_LOCK\n"),
            "{output:?}"
        );
    }
    assert!(!missing.exists());
}

#[test]
fn a_sweep_prints_the_number_of_locks() {
    let folder = folder();
    Child::after_use_of_customer(folder.path(), 7).kill();
    assert_eq!(stdout(&run_subcommand(folder.path(), &["sweep"])), "removed 1 unused lock\n");
    assert_eq!(stdout(&run_subcommand(folder.path(), &["sweep"])), "removed 0 unused locks\n");
}

#[test]
fn a_closed_pipe_is_not_an_error() {
    let folder = folder();
    for name in 0..2_000 {
        std::fs::write(folder.path().join(format!("{name}.lock")), "").unwrap();
    }
    for subcommand in [&["list"][..], &["list", "--json"], &["completions", "bash"], &["man"]] {
        let mut command = command(folder.path());
        command.args(subcommand).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut process = command.spawn().unwrap();
        process.stdout.take().unwrap().read_exact(&mut [0; 1]).unwrap();
        let output = process.wait_with_output().unwrap();
        assert_eq!((output.status.code(), &*stderr(&output)), (Some(0), ""), "{subcommand:?}");
    }
}

#[test]
fn watch_needs_a_terminal() {
    let folder = folder();
    let output = run_subcommand(folder.path(), &["watch"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(stderr(&output).contains("jam-lock list"), "{output:?}");
}
