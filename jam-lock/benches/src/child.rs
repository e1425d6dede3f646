//! A process that does its part for each line that it reads, and ends with its input.

use std::ffi::OsString;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child as Process, ChildStdin, ChildStdout, Command, Stdio};

use crate::contender::{Contender, Outcome};

/// This program, started again, or Python.
pub(crate) struct Child {
    process: Process,
    orders: Option<ChildStdin>,
    answers: BufReader<ChildStdout>,
}

impl Child {
    /// Starts a process, on one `processor` if that is said.
    pub(crate) fn start(
        part: &str,
        contender: Contender,
        folder: &Path,
        processor: Option<&str>,
    ) -> Outcome<Self> {
        let mut process = on(processor, &contender.program(part, folder)?)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        let orders = process.stdin.take();
        let answers = BufReader::new(process.stdout.take().ok_or("no pipe from the process")?);
        Ok(Self { process, orders, answers })
    }

    /// Tells it to do its part once, in the way that `order` says.
    pub(crate) fn order(&mut self, order: &str) -> Outcome {
        Ok(writeln!(self.orders.as_ref().ok_or("no pipe to the process")?, "{order}")?)
    }

    /// What it has measured.
    pub(crate) fn answer(&mut self) -> Outcome<Vec<u64>> {
        let mut answer = String::new();
        self.answers.read_line(&mut answer)?;
        Ok(answer.split_whitespace().map(str::parse).collect::<Result<_, _>>()?)
    }

    /// The one number that it has measured.
    pub(crate) fn number(&mut self) -> Outcome<u64> {
        self.answer()?.first().copied().ok_or_else(|| "the process gave no answer".into())
    }
}

impl Drop for Child {
    fn drop(&mut self) {
        self.orders = None;
        let _ = self.process.wait();
    }
}

/// The same command, on one `processor` if that is said.
pub(crate) fn on(processor: Option<&str>, command: &Command) -> Command {
    let mut arguments: Vec<OsString> = vec![command.get_program().to_owned()];
    arguments.extend(command.get_args().map(OsString::from));
    if let Some(processor) = processor {
        arguments.splice(..0, ["taskset", "--cpu-list", processor].map(OsString::from));
    }
    let mut placed = Command::new(arguments.remove(0));
    placed.args(arguments);
    placed
}
