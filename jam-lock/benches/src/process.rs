//! This program, started again to wait for a lock.

use std::env;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use crate::contender::{Contender, Outcome};

/// A process that does its part for each line that it reads, and ends with its input.
pub(crate) struct Waiter {
    process: Child,
    orders: Option<ChildStdin>,
    answers: BufReader<ChildStdout>,
}

impl Waiter {
    /// Starts this program with `part`, on one `processor` if that is said.
    pub(crate) fn start(
        part: &str,
        contender: Contender,
        folder: &Path,
        processor: Option<&str>,
    ) -> Outcome<Self> {
        let mut process = on(processor)?
            .args([part, contender.name])
            .arg(folder)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        let orders = process.stdin.take();
        let answers = BufReader::new(process.stdout.take().ok_or("no pipe from the waiter")?);
        Ok(Self { process, orders, answers })
    }

    /// Tells it to do its part once.
    pub(crate) fn order(&mut self) -> Outcome {
        Ok(writeln!(self.orders.as_ref().ok_or("no pipe to the waiter")?)?)
    }

    /// What it has measured.
    pub(crate) fn answer(&mut self) -> Outcome<u64> {
        let mut answer = String::new();
        self.answers.read_line(&mut answer)?;
        Ok(answer.trim().parse()?)
    }
}

impl Drop for Waiter {
    fn drop(&mut self) {
        self.orders = None;
        let _ = self.process.wait();
    }
}

/// This program, on one `processor` if that is said.
pub(crate) fn on(processor: Option<&str>) -> Outcome<Command> {
    let program = env::current_exe()?;
    Ok(match processor {
        None => Command::new(program),
        Some(processor) => {
            let mut command = Command::new("taskset");
            command.args(["--cpu-list", processor]).arg(program);
            command
        }
    })
}
