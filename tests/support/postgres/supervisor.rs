//! The process that starts and stops a server, and removes it when the tests end.

use std::fs;
use std::io::{BufRead, BufReader, Lines, Write};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Stdio};
use std::sync::{Mutex, PoisonError};

use super::programs::as_nobody;

/// Carries out a command per line. At the end of its input, which comes however the tests end, it
/// stops the server and removes its folder.
const SCRIPT: &str = r#"
while read -r command; do
    case $command in
    start) "$1/pg_ctl" -D "$2" -w -s -t 300 -l "$2/log" start >"$2/output" 2>&1 ;;
    stop) "$1/pg_ctl" -D "$2" -w -s -m immediate stop >"$2/output" 2>&1 ;;
    esac
    echo "$?"
done
"$1/pg_ctl" -D "$2" -w -s -m immediate stop >"$2/output" 2>&1
rm -rf "$2"
"#;

pub(super) struct Supervisor {
    folder: PathBuf,
    pipes: Mutex<Pipes>,
}

struct Pipes {
    process: Child,
    commands: Option<ChildStdin>,
    statuses: Lines<BufReader<ChildStdout>>,
}

impl Supervisor {
    pub(super) fn new(programs: &Path, folder: &Path) -> Self {
        let mut command = as_nobody(Path::new("sh"));
        command.args(["-c", SCRIPT, "sh"]).arg(programs).arg(folder);
        // In a process group of its own, so that Ctrl-C ends the tests and not the cleanup.
        command.process_group(0).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut process = command.spawn().expect("there is a shell");
        let commands = process.stdin.take();
        let statuses = BufReader::new(process.stdout.take().unwrap()).lines();
        let pipes = Mutex::new(Pipes { process, commands, statuses });
        Self { folder: folder.to_owned(), pipes }
    }

    pub(super) fn folder(&self) -> &Path {
        &self.folder
    }

    pub(super) fn start(&self) {
        self.run("start");
    }

    /// Stops the server without a shutdown, as a crash does.
    pub(super) fn stop(&self) {
        self.run("stop");
    }

    fn run(&self, command: &str) {
        let mut pipes = self.pipes.lock().unwrap_or_else(PoisonError::into_inner);
        writeln!(pipes.commands.as_mut().expect("it is open until the drop"), "{command}").unwrap();
        let status = pipes.statuses.next().expect("the supervisor is running").unwrap();
        let output = fs::read_to_string(self.folder.join("output")).unwrap_or_default();
        let log = fs::read_to_string(self.folder.join("log")).unwrap_or_default();
        assert_eq!(status, "0", "{command}: {output}\n{log}");
    }
}

impl Drop for Supervisor {
    fn drop(&mut self) {
        let mut pipes = self.pipes.lock().unwrap_or_else(PoisonError::into_inner);
        pipes.commands = None;
        let _ = pipes.process.wait();
    }
}
