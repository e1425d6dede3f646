//! The command `jam-lock`, as a person or a script runs it.

#![cfg(target_os = "linux")]

mod database;
mod help_and_completions;
mod list_who_sweep;
mod run;
mod signals;
mod terminal;
mod waiting;

use std::path::Path;
use std::process::{Command, Output, Stdio};

use jam_lock_tests::child::Child;
use jam_lock_tests::output::run_to_end;
use tempfile::TempDir;

/// A script that holds its lock until its input ends.
const HOLD: &str = "echo held; cat; echo released";

/// A folder for locks that goes away with the test.
fn folder() -> TempDir {
    tempfile::tempdir().expect("a temporary folder can be made")
}

/// The command, about the locks of `folder`. Signals end it, whatever the tests were told to ignore.
fn command(folder: &Path) -> Command {
    let mut command = Command::new("env");
    command.args(["--default-signal", env!("CARGO_BIN_EXE_command"), "--locks"]).arg(folder);
    command
}

/// `run` with these arguments.
fn run(folder: &Path, arguments: &[&str]) -> Output {
    run_to_end(command(folder).arg("run").args(arguments))
}

/// What `sh` prints that runs `script` under the lock `x`, which is held by then.
fn holding(folder: &Path, options: &[&str], script: &str) -> Child {
    let mut order = command(folder);
    order.args(["run", "x"]).args(options).args(["--", "sh", "-c", script]);
    Child::start(&mut order).after("held")
}

/// What was stdout to standard output.
fn stdout(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

/// What was said to standard error.
fn stderr(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

/// Starts what says something to standard error, which is read later.
fn start_quietly(order: &mut Command) -> std::process::Child {
    order.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
}
