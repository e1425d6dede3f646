//! The example programs, run as their users run them.

#[cfg(target_os = "linux")]
mod from_jam;
mod index;
mod invoices;
mod nightly_job;
#[cfg(target_os = "linux")]
mod progress;
#[cfg(target_os = "linux")]
mod service;
#[cfg(target_os = "linux")]
mod web_handler;

use std::env;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use tempfile::TempDir;

/// The command that runs the example `name` in `folder`, once it is built.
fn example(name: &str, folder: &Path) -> Command {
    let mut command = Command::new(built(name));
    // The example chooses where its locks are.
    command.current_dir(folder).env_remove("JAM_LOCK");
    command
}

/// The program of the example `name`: a signal or input for `cargo run` would not reach it.
fn built(name: &str) -> PathBuf {
    let mut cargo = Command::new(env!("CARGO"));
    cargo.args(["build", "--quiet", "--package", "jam-lock-examples", "--example", name]);
    assert!(cargo.status().expect("cargo runs").success(), "{name} cannot be built");
    let child = jam_lock_tests::program::program();
    child.with_file_name("examples").join(name).with_extension(env::consts::EXE_EXTENSION)
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
