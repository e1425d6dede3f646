//! A process that measures something for each line that it reads, and exits at the end of its input.

use std::ffi::OsString;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child as Process, ChildStdin, ChildStdout, Command, Stdio};

use crate::contender::{Contender, Outcome};

/// This program, started again, or Python.
pub(crate) struct Child {
    process: Process,
    input: Option<ChildStdin>,
    output: BufReader<ChildStdout>,
}

impl Child {
    /// Starts a process, on one `processor` if given.
    pub(crate) fn start(
        role: &str,
        contender: Contender,
        folder: &Path,
        processor: Option<&str>,
    ) -> Outcome<Self> {
        let mut process = on(processor, &contender.program(role, folder)?)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        let input = process.stdin.take();
        let output = BufReader::new(process.stdout.take().ok_or("no pipe from the process")?);
        Ok(Self { process, input, output })
    }

    /// Starts one measurement, with the parameters in `line`.
    pub(crate) fn send(&mut self, line: &str) -> Outcome {
        Ok(writeln!(self.input.as_ref().ok_or("no pipe to the process")?, "{line}")?)
    }

    /// Waits for the numbers that it has measured.
    pub(crate) fn receive(&mut self) -> Outcome<Vec<u64>> {
        let mut line = String::new();
        self.output.read_line(&mut line)?;
        Ok(line.split_whitespace().map(str::parse).collect::<Result<_, _>>()?)
    }

    /// Waits for the only number that it has measured.
    pub(crate) fn receive_one(&mut self) -> Outcome<u64> {
        self.receive()?.first().copied().ok_or_else(|| "the process printed no number".into())
    }
}

impl Drop for Child {
    fn drop(&mut self) {
        self.input = None;
        let _ = self.process.wait();
    }
}

/// The same command, on one `processor` if given.
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
