//! The command `jam-lock`, as people and scripts run it.

#![cfg(target_os = "linux")]

mod at_most_every;
mod chains;
mod columns;
mod container;
mod database;
mod default_location;
mod help_and_completions;
mod inherited;
mod killed;
mod list_who_sweep;
mod names;
mod permits;
mod pseudo_terminal;
mod run;
mod signals;
mod terminal;
mod tips;
mod waiting;

use std::path::Path;
use std::process::{Command, Output, Stdio};

use jam_lock_tests::child::Child;
use jam_lock_tests::output::run_to_end;
use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;

/// A script that holds its lock until its input ends.
const HOLD: &str = "echo held; cat; echo released";

/// A lock folder that is removed at the end of the test.
fn folder() -> TempDir {
    tempfile::tempdir().expect("a temporary folder can be made")
}

/// The command, for the locks of `folder`. Signals end it, even those that the tests ignore.
fn command(folder: &Path) -> Command {
    let mut command = Command::new("env");
    command.args(["--default-signal", env!("CARGO_BIN_EXE_command"), "--locks"]).arg(folder);
    command
}

/// Runs `jam-lock run` with these arguments to its end.
fn run(folder: &Path, arguments: &[&str]) -> Output {
    run_to_end(command(folder).arg("run").args(arguments))
}

/// Starts `jam-lock run x` with a shell script that prints `held` first, and waits for that.
fn holding(folder: &Path, options: &[&str], script: &str) -> Child {
    let mut command = command(folder);
    command.args(["run", "x"]).args(options).args(["--", "sh", "-c", script]);
    Child::start(&mut command).after("held")
}

/// What was printed to standard output.
fn stdout(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

/// What was printed to standard error.
fn stderr(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

/// Sends a signal to one process.
fn send(process: u32, signal: Signal) {
    kill_process(process_id(process), signal).unwrap();
}

fn process_id(process: u32) -> Pid {
    Pid::from_raw(i32::try_from(process).unwrap()).unwrap()
}

/// Starts a command whose output is read later.
fn start_piped(command: &mut Command) -> std::process::Child {
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
}
