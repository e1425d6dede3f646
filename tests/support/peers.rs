//! Other processes, seen from a test.

use std::env;
use std::ffi::OsString;
use std::io::{self, BufRead, BufReader, Lines, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, ExitStatus, Output, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use crate::LONG;

/// Where the program is that does what a test tells it.
pub fn program() -> PathBuf {
    let test = env::current_exe().expect("a running test is a file");
    // Tests are in a folder of their own, beside the programs.
    let folder = test.ancestors().nth(2).expect("it is in a folder");
    folder.join(format!("peer{}", env::consts::EXE_SUFFIX))
}

/// A process of that program, to be told what to do.
pub fn peer() -> Command {
    Command::new(program())
}

/// A process that does something with locks; it is ended with the test.
pub struct Peer {
    process: Child,
    orders: Option<ChildStdin>,
    answers: Lines<BufReader<ChildStdout>>,
}

impl Peer {
    /// Starts a process that holds the lock, and waits until it does.
    pub fn holding(folder: &Path, name: &str) -> Self {
        let mut peer = Self::waiting(folder, name);
        assert_eq!(peer.answer(), "held");
        peer
    }

    /// Starts a process that asks for the lock, to hold it once it can.
    pub fn waiting(folder: &Path, name: &str) -> Self {
        Self::start(peer().arg("hold").arg(folder).arg(name))
    }

    /// `flock(1)`, holding the file at `path` exclusively (`-x`) or shared (`-s`).
    #[cfg(target_os = "linux")]
    pub fn flock(path: &Path, mode: &str) -> Self {
        let mut order = Command::new("flock");
        order.arg(mode).arg(path).args(["sh", "-c", "echo held; cat; echo released"]);
        Self::start_holding(&mut order)
    }

    /// Starts a process that holds a keyed lock in a declared section, and waits until it does.
    pub fn applying(folder: &Path, name: &str) -> Self {
        Self::start_holding(peer().arg("apply").arg(folder).arg(name))
    }

    /// Starts a process that says when it holds a lock, and waits until it does.
    pub fn start_holding(command: &mut Command) -> Self {
        let mut peer = Self::start(command);
        assert_eq!(peer.answer(), "held");
        peer
    }

    /// Starts a process that answers to lines with lines.
    pub fn start(command: &mut Command) -> Self {
        let mut process = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let orders = process.stdin.take();
        let answers = BufReader::new(process.stdout.take().unwrap()).lines();
        Self { process, orders, answers }
    }

    /// Its process id.
    pub fn id(&self) -> u32 {
        self.process.id()
    }

    /// Tells it to go on.
    pub fn order(&mut self, line: &str) {
        let orders = self.orders.as_mut().expect("it was not released");
        writeln!(orders, "{line}").expect("the peer listens");
    }

    /// The next thing that happened there.
    pub fn answer(&mut self) -> String {
        self.answers.next().expect("the peer is there").unwrap()
    }

    /// Has it release the lock and end.
    pub fn release(mut self) {
        self.orders = None;
        assert_eq!(self.answer(), "released");
        assert!(self.process.wait().unwrap().success());
    }

    /// Ends its input, and tells what it has said until it ended well.
    pub fn end(mut self) -> Vec<String> {
        let answers = self.close();
        assert!(self.status().success());
        answers.lines().map(ToOwned::to_owned).collect()
    }

    /// Ends its input, and tells all that it answers to that, line by line.
    pub fn close(&mut self) -> String {
        self.orders = None;
        let answers: Result<Vec<_>, _> = self.answers.by_ref().collect();
        answers.unwrap().join("\n")
    }

    /// All that it has said to a standard error that is a pipe.
    pub fn said(&mut self) -> String {
        io::read_to_string(self.process.stderr.take().expect("it is a pipe")).unwrap()
    }

    /// Waits until it has ended.
    pub fn status(&mut self) -> ExitStatus {
        self.process.wait().unwrap()
    }

    /// Ends it as `kill -9` does.
    pub fn kill(mut self) {
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
pub fn python() -> Option<OsString> {
    from_environment("JAM_LOCK_PYTHON", "a Python with Jam.py and the newest `filelock`")
}

/// What `.ci/run` names in `variable`; without it a test is skipped, or fails where nothing may be.
pub fn from_environment(variable: &str, what: &str) -> Option<OsString> {
    let value = env::var_os(variable);
    if value.is_none() {
        let why = format!("{variable} does not name {what}");
        assert!(env::var_os("JAM_LOCK_SKIP_NOTHING").is_none(), "{why}");
        skip(&why);
    }
    value
}

/// Says why a test is not run; past the capture of the test harness, so that it does not go unseen.
pub fn skip(why: &str) {
    let text = format!("skipped: {why}\n");
    io::stderr().write_all(text.as_bytes()).expect("standard error can be written to");
}

/// What makes of a command that follows it the first process of a container, with numbers of its own;
/// without the right to do so a test is skipped.
pub fn container() -> Option<[&'static str; 7]> {
    let words =
        ["unshare", "--user", "--map-root-user", "--pid", "--fork", "--kill-child", "--mount-proc"];
    let status = Command::new(words[0]).args(&words[1..]).arg("true").status();
    if !status.is_ok_and(|status| status.success()) {
        skip("process id namespaces cannot be made here");
        return None;
    }
    Some(words)
}

/// Runs a peer to its end.
pub fn run(command: &mut Command) -> Output {
    command.stdin(Stdio::null()).output().unwrap()
}

/// What another process is told that tries to take the lock: `acquired`, or the error.
pub fn attempt(folder: &Path, name: &str) -> String {
    said(&run(peer().arg("try").arg(folder).arg(name)))
}

/// All that a process has printed.
pub fn said(output: &Output) -> String {
    let text = [&output.stdout[..], &output.stderr[..]].concat();
    String::from_utf8(text).unwrap().trim().to_owned()
}

/// Waits until `happened`, which some other process or thread brings about.
pub fn until(what: &str, mut happened: impl FnMut() -> bool) {
    let start = Instant::now();
    while !happened() {
        assert!(start.elapsed() < LONG, "{what} never happened");
        thread::sleep(Duration::from_millis(1));
    }
}

/// How many files below `folder` this process has open.
pub fn open_files_below(folder: &Path) -> usize {
    let folder = folder.canonicalize().unwrap();
    let Ok(descriptors) = std::fs::read_dir("/proc/self/fd") else { return 0 };
    let targets = descriptors.filter_map(|entry| std::fs::read_link(entry.ok()?.path()).ok());
    targets.filter(|target| target.starts_with(&folder)).count()
}

/// How many processes block for a lock on the file at `path`, by the kernel's own list.
#[cfg(target_os = "linux")]
pub fn blocked_on(path: &Path) -> usize {
    use std::os::unix::fs::MetadataExt;
    let inode = format!(":{} ", std::fs::metadata(path).unwrap().ino());
    let locks = std::fs::read_to_string("/proc/locks").unwrap();
    locks.lines().filter(|line| line.contains("-> FLOCK") && line.contains(&inode)).count()
}
