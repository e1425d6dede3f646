//! The output of processes.

use std::process::{Command, Output, Stdio};

/// Runs a command to its end.
pub fn run_to_end(command: &mut Command) -> Output {
    command.stdin(Stdio::null()).output().unwrap()
}

/// All that a process has printed, to standard output and then to standard error.
pub fn printed(output: &Output) -> String {
    let text = [&output.stdout[..], &output.stderr[..]].concat();
    String::from_utf8(text).unwrap().trim().to_owned()
}
