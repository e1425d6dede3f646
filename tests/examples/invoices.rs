//! `cargo run --example invoices`: invoices saved from several processes.

#[cfg(target_os = "linux")]
mod postgres;

use std::ffi::OsStr;
use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use jam_lock_tests::program;
use jam_lock_tests::requirements::skip;
use tempfile::TempDir;

/// The demo database of Jam.py, if it exists beside the workspace.
const JAM_DEMO: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../shared/data/jam-demo.sqlite");

/// Few enough to be quick, and enough that the workers conflict.
const FEW: [&str; 4] = ["--workers", "3", "--invoices", "40"];

/// The program with [`FEW`] invoices to save.
fn invoices() -> Command {
    let mut command = program::example("invoices");
    command.args(FEW);
    command
}

fn on_database(path: impl AsRef<OsStr>) -> Output {
    invoices().arg("--database").arg(path).output().expect("it was built")
}

#[track_caller]
fn assert_right(output: &Output) {
    let printed = String::from_utf8_lossy(&output.stdout);
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    assert!(printed.contains("invoices saved           40\n"), "{printed}");
    assert!(printed.contains("\nRight: for each of "), "{printed}");
}

#[track_caller]
fn assert_wrong(output: &Output) {
    let printed = String::from_utf8_lossy(&output.stdout);
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    assert!(printed.contains("\nWrong: for "), "{printed}");
}

#[track_caller]
fn assert_fails(output: &Output, sentence: &str) {
    let errors = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{output:?}");
    assert!(errors.contains(sentence), "{errors}");
}

/// A pause between reading and writing that is so long that without the lock some update is lost.
const THINK: [&str; 2] = ["--think", "10"];

#[test]
fn every_sold_track_is_counted() {
    assert_right(&invoices().args(THINK).output().expect("it was built"));
}

#[test]
fn without_the_lock_sold_tracks_are_lost() {
    assert_wrong(&invoices().args(THINK).arg("--no-lock").output().expect("it was built"));
}

#[test]
fn the_lock_is_in_the_given_folder() {
    let folder = TempDir::new().unwrap();
    assert_right(&invoices().arg("--locks").arg(folder.path()).output().expect("it was built"));
    assert!(folder.path().join("invoice_saved.lock").is_file());
}

#[test]
fn a_given_database_is_copied_and_not_changed() {
    let Ok(before) = fs::read(JAM_DEMO) else {
        return skip(&format!("there is no {JAM_DEMO}"));
    };
    assert_right(&on_database(JAM_DEMO));
    assert!(fs::read(JAM_DEMO).unwrap() == before, "{JAM_DEMO} was written to");
}

#[test]
fn nothing_is_left_in_the_temporary_folder() {
    let folder = TempDir::new().unwrap();
    let mut command = invoices();
    for variable in ["TMPDIR", "TMP", "TEMP"] {
        command.env(variable, folder.path());
    }
    assert_right(&command.output().expect("it was built"));
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
}

#[test]
fn a_missing_database_is_an_error() {
    assert_fails(&on_database("no/such.sqlite"), "there is no database file no/such.sqlite");
}

#[test]
fn a_file_that_is_not_a_database_is_an_error() {
    let manifest = Path::new(env!("CARGO_MANIFEST_DIR")).join("Cargo.toml");
    assert_fails(&on_database(manifest), "Cargo.toml is not an SQLite database");
}

#[test]
fn a_database_without_the_tables_is_an_error() {
    let folder = TempDir::new().unwrap();
    let empty = folder.path().join("empty.sqlite");
    fs::write(&empty, "").unwrap();
    assert_fails(&on_database(empty), "empty.sqlite has no table DEMO_TRACKS");
}

#[test]
fn a_failed_worker_is_named_with_its_reason() {
    let folder = TempDir::new().unwrap();
    let file = folder.path().join("locks");
    fs::write(&file, "").unwrap();
    let output = invoices().arg("--locks").arg(file).output().expect("it was built");
    assert_fails(&output, " stopped: cannot open the locks: ");
}
