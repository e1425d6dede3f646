//! Child processes, seen from a test.

use std::ffi::OsStr;
use std::io::{self, BufRead, BufReader, Lines, Write};
use std::path::Path;
use std::process::{self, ChildStdin, ChildStdout, Command, ExitStatus, Stdio};

use crate::order::Order;
use crate::output::{printed, run_to_end};

/// A process that prints a line for each thing that has happened in it. It is killed on drop.
#[must_use = "it is killed on drop"]
pub struct Child {
    process: process::Child,
    input: Option<ChildStdin>,
    output: Lines<BufReader<ChildStdout>>,
}

impl Child {
    /// Starts a process that holds the lock, and waits until it does.
    pub fn holding(location: impl AsRef<OsStr>, name: &str) -> Self {
        Self::waiting(location, name).after("held")
    }

    /// Starts a process that waits for the lock, to hold it once it can.
    pub fn waiting(location: impl AsRef<OsStr>, name: &str) -> Self {
        Self::spawn(&Order::Hold { location: location.as_ref().as_ref(), name })
    }

    /// Starts a process that holds the lock with other readers, and waits until it does.
    pub fn holding_shared(location: impl AsRef<OsStr>, name: &str) -> Self {
        let location = location.as_ref().as_ref();
        Self::spawn(&Order::HoldShared { location, name }).after("held")
    }

    /// Starts a process that holds the lock `called_{name}` in a section, and waits until it does.
    pub fn in_section(folder: &Path, name: &str) -> Self {
        Self::spawn(&Order::RunKeyedSection { folder, name }).after("held")
    }

    /// Starts a process that has released the lock of a customer, and may use it again.
    pub fn after_use_of_customer(folder: &Path, id: u32) -> Self {
        Self::spawn(&Order::UseCustomer { folder, id }).after("used")
    }

    /// `flock(1)`, holding the file at `path` exclusively (`-x`) or shared (`-s`).
    #[cfg(target_os = "linux")]
    pub fn flock(path: &Path, mode: &str) -> Self {
        Self::waiting_in_flock(path, mode).after("held")
    }

    /// `flock(1)`, waiting for the file at `path`, to hold it once it can.
    #[cfg(target_os = "linux")]
    pub fn waiting_in_flock(path: &Path, mode: &str) -> Self {
        let mut command = Command::new("flock");
        command.arg(mode).arg(path).args(["sh", "-c", "echo held; cat; echo released"]);
        Self::start(&mut command)
    }

    /// Starts a process that carries out the order.
    pub fn spawn(order: &Order<'_>) -> Self {
        Self::start(&mut order.command())
    }

    /// Starts a process that reads and prints lines.
    pub fn start(command: &mut Command) -> Self {
        let mut process = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let input = process.stdin.take();
        let output = BufReader::new(process.stdout.take().unwrap()).lines();
        Self { process, input, output }
    }

    /// The process, once it has printed `line`, which has to be the next one.
    pub fn after(mut self, line: &str) -> Self {
        assert_eq!(self.next_line(), line);
        self
    }

    /// Its process id.
    pub fn id(&self) -> u32 {
        self.process.id()
    }

    /// Writes a line to its standard input.
    pub fn send(&mut self, line: &str) {
        let input = self.input.as_mut().expect("its input is open");
        writeln!(input, "{line}").expect("the child reads");
    }

    /// Waits for the next line that it prints.
    pub fn next_line(&mut self) -> String {
        self.output.next().expect("the child is running").unwrap()
    }

    /// Has it release the lock and exit.
    pub fn release(self) {
        self.end_with("released");
    }

    /// Has it release the lock, which it has lost meanwhile, and exit.
    pub fn release_lost(self) {
        self.end_with("lost");
    }

    fn end_with(mut self, line: &str) {
        self.input = None;
        assert_eq!(self.next_line(), line);
        assert!(self.process.wait().unwrap().success());
    }

    /// Closes its input, waits until it has exited successfully, and returns the lines that it has
    /// printed until then.
    pub fn finish(mut self) -> Vec<String> {
        let lines = self.close();
        assert!(self.status().success());
        lines.lines().map(ToOwned::to_owned).collect()
    }

    /// Closes its input, and returns what it prints until it closes its output.
    pub fn close(&mut self) -> String {
        self.input = None;
        let lines: Result<Vec<_>, _> = self.output.by_ref().collect();
        lines.unwrap().join("\n")
    }

    /// All that it has written to a standard error that is a pipe.
    pub fn errors(&mut self) -> String {
        io::read_to_string(self.process.stderr.take().expect("it is a pipe")).unwrap()
    }

    /// Waits until it has exited.
    pub fn status(&mut self) -> ExitStatus {
        self.process.wait().unwrap()
    }

    /// Kills it, as `kill -9` does.
    pub fn kill(mut self) {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
    }
}

/// Sends the line to all of the children at once; returns the next line of each.
pub fn answers(children: &mut [Child], line: &str) -> Vec<String> {
    for child in children.iter_mut() {
        child.send(line);
    }
    children.iter_mut().map(Child::next_line).collect()
}

impl Drop for Child {
    fn drop(&mut self) {
        self.input = None;
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// The result of another process that tries to acquire the lock: `acquired`, or the error.
pub fn try_in_child(folder: &Path, name: &str) -> String {
    printed(&run_to_end(&mut Order::TryAcquire { location: folder, name }.command()))
}
