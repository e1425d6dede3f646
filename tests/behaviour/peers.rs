//! Other processes, seen from a test.

use std::io::{BufRead, BufReader, Lines};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Output, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use crate::LONG;

/// The program that does what a test tells it.
pub(crate) const PEER: &str = env!("CARGO_BIN_EXE_peer");

/// A process that does something with locks; it is ended with the test.
pub(crate) struct Peer {
    process: Child,
    orders: Option<ChildStdin>,
    answers: Lines<BufReader<ChildStdout>>,
}

impl Peer {
    /// Starts a process that holds the lock, and waits until it does.
    pub(crate) fn holding(folder: &Path, name: &str) -> Self {
        let mut peer = Self::waiting(folder, name);
        assert_eq!(peer.answer(), "held");
        peer
    }

    /// Starts a process that asks for the lock, to hold it once it can.
    pub(crate) fn waiting(folder: &Path, name: &str) -> Self {
        Self::start(Command::new(PEER).arg("hold").arg(folder).arg(name))
    }

    /// `flock(1)`, holding the file at `path` exclusively (`-x`) or shared (`-s`).
    #[cfg(target_os = "linux")]
    pub(crate) fn flock(path: &Path, mode: &str) -> Self {
        let mut order = Command::new("flock");
        order.arg(mode).arg(path).args(["sh", "-c", "echo held; cat; echo released"]);
        Self::start_holding(&mut order)
    }

    /// Starts a process that holds a keyed lock in a declared section, and waits until it does.
    #[cfg(unix)]
    pub(crate) fn applying(folder: &Path, name: &str) -> Self {
        Self::start_holding(Command::new(PEER).arg("apply").arg(folder).arg(name))
    }

    /// Starts a process that says when it holds a lock, and waits until it does.
    pub(crate) fn start_holding(command: &mut Command) -> Self {
        let mut peer = Self::start(command);
        assert_eq!(peer.answer(), "held");
        peer
    }

    pub(crate) fn start(command: &mut Command) -> Self {
        let mut process = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let orders = process.stdin.take();
        let answers = BufReader::new(process.stdout.take().unwrap()).lines();
        Self { process, orders, answers }
    }

    /// Its process id.
    pub(crate) fn id(&self) -> u32 {
        self.process.id()
    }

    /// The next thing that happened there.
    pub(crate) fn answer(&mut self) -> String {
        self.answers.next().expect("the peer is there").unwrap()
    }

    /// Has it release the lock and end.
    pub(crate) fn release(mut self) {
        self.orders = None;
        assert_eq!(self.answer(), "released");
        assert!(self.process.wait().unwrap().success());
    }

    /// Ends it as `kill -9` does.
    pub(crate) fn kill(mut self) {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        self.orders = None;
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// A Python that has `filelock` and Jam.py, which `.ci/run` makes.
#[cfg(target_os = "linux")]
pub(crate) fn python() -> Option<std::ffi::OsString> {
    let python = std::env::var_os("JAM_LOCK_PYTHON");
    if python.is_none() {
        skip("JAM_LOCK_PYTHON names no Python with `filelock` and Jam.py");
    }
    python
}

/// Says why a test is not run; past the capture of the test harness, so that it does not go unseen.
#[cfg(target_os = "linux")]
pub(crate) fn skip(why: &str) {
    use std::io::Write;
    let text = format!("skipped: {why}\n");
    std::io::stderr().write_all(text.as_bytes()).expect("standard error can be written to");
}

/// Runs a peer to its end.
pub(crate) fn run(command: &mut Command) -> Output {
    command.stdin(Stdio::null()).output().unwrap()
}

/// What another process is told that tries to take the lock: `acquired`, or the error.
pub(crate) fn attempt(folder: &Path, name: &str) -> String {
    said(&run(Command::new(PEER).arg("try").arg(folder).arg(name)))
}

/// All that a process has printed.
pub(crate) fn said(output: &Output) -> String {
    let text = [&output.stdout[..], &output.stderr[..]].concat();
    String::from_utf8(text).unwrap().trim().to_owned()
}

/// Waits until `happened`, which some other process or thread brings about.
pub(crate) fn until(what: &str, mut happened: impl FnMut() -> bool) {
    let start = Instant::now();
    while !happened() {
        assert!(start.elapsed() < LONG, "{what} never happened");
        thread::sleep(Duration::from_millis(1));
    }
}

/// How many files below `folder` this process has open.
pub(crate) fn open_files_below(folder: &Path) -> usize {
    let folder = folder.canonicalize().unwrap();
    let Ok(descriptors) = std::fs::read_dir("/proc/self/fd") else { return 0 };
    let targets = descriptors.filter_map(|entry| std::fs::read_link(entry.ok()?.path()).ok());
    targets.filter(|target| target.starts_with(&folder)).count()
}

/// How many processes block for a lock on the file at `path`, by the kernel's own list.
#[cfg(target_os = "linux")]
pub(crate) fn blocked_on(path: &Path) -> usize {
    use std::os::unix::fs::MetadataExt;
    let inode = format!(":{} ", std::fs::metadata(path).unwrap().ino());
    let locks = std::fs::read_to_string("/proc/locks").unwrap();
    locks.lines().filter(|line| line.contains("-> FLOCK") && line.contains(&inode)).count()
}
