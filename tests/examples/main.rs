//! The example programs, run as their users run them.

#[cfg(unix)]
mod exports;
#[cfg(target_os = "linux")]
mod from_jam;
mod index;
mod invoices;
mod nightly_job;
#[cfg(target_os = "linux")]
mod progress;
mod recipes;
#[cfg(target_os = "linux")]
mod service;
mod transfer;
#[cfg(target_os = "linux")]
mod units;
#[cfg(target_os = "linux")]
mod watch;
#[cfg(target_os = "linux")]
mod web_database;
#[cfg(target_os = "linux")]
mod web_handler;

use std::io::Write;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use jam_lock_tests::program;
use tempfile::TempDir;

/// The command that runs the example `name` in `folder`.
fn example(name: &str, folder: &Path) -> Command {
    let mut command = program::example(name);
    // The example chooses where its locks are.
    command.current_dir(folder).env_remove("JAM_LOCK");
    command
}

/// A folder to run an example in.
fn folder() -> TempDir {
    tempfile::tempdir().expect("a temporary folder can be made")
}

/// Runs a program with `input` to its end.
fn run(command: &mut Command, input: &str) -> Output {
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut process = command.spawn().expect("it was built");
    process.stdin.take().expect("it is piped").write_all(input.as_bytes()).expect("it reads");
    process.wait_with_output().expect("it ends")
}
