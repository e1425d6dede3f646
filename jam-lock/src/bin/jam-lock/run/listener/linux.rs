//! A second process, which shows that a signal was sent to more processes than this one.
//!
//! The kernel reports the sender of a signal, but not its target: this process, its group, or, as service
//! managers do, to each process of a control group. So the listener, a child in the same groups, blocks
//! all signals and reports those that it gets. It is this program under another name, so that a signal to
//! all processes called `jam-lock` does not reach it.

use std::env;
use std::ffi::{CStr, CString, c_int};
use std::fs::File;
use std::io::{self, BufRead, BufReader, Write};
use std::os::fd::AsRawFd;
use std::process::ExitCode;
use std::sync::mpsc::{self, Receiver};
use std::thread;
use std::time::{Duration, Instant};

use nix::errno::Errno;
use nix::spawn::{PosixSpawnAttr, PosixSpawnFileActions, PosixSpawnFlags, posix_spawn};
use nix::sys::prctl::{set_name, set_pdeathsig};
use nix::sys::signal::{SigSet, Signal::SIGKILL};
use nix::sys::signalfd::SignalFd;
use rustix::pipe::{PipeFlags, pipe_with};
use rustix::process::{Pid, Signal, WaitOptions, getppid, kill_process, waitpid};

use crate::run::child::environment;

/// The name of the process, as long as Linux allows.
const NAME: &CStr = c"signal-listener";

/// How far apart two processes may get signals that were sent to both.
const WINDOW: Duration = Duration::from_millis(200);

/// A process that reports which signals it got; it is killed on drop, or when this process dies.
pub(in crate::run) struct Listener {
    id: Pid,
    reports: Receiver<Report>,
    recent: Vec<Report>,
}

/// A signal that the listener got.
struct Report {
    signal: c_int,
    sender: i32,
    received: Instant,
    /// When it was found to be a signal that this process got as well.
    matched: Option<Instant>,
}

impl Listener {
    /// Starts a listener; none if the system refuses a process or a thread.
    pub(in crate::run) fn start() -> Option<Self> {
        Self::try_start().ok()
    }

    fn try_start() -> io::Result<Self> {
        let (output, reports) = pipe_with(PipeFlags::CLOEXEC)?;
        let (sender, receiver) = mpsc::channel();
        thread::Builder::new().spawn(move || {
            let lines = BufReader::new(File::from(output)).lines().map_while(Result::ok);
            lines.filter_map(|line| Report::parse(&line)).try_for_each(|report| sender.send(report))
        })?;
        let null = File::open("/dev/null")?;
        let mut files = PosixSpawnFileActions::init()?;
        for (file, stream) in
            [(null.as_raw_fd(), 0), (reports.as_raw_fd(), 1), (null.as_raw_fd(), 2)]
        {
            files.add_dup2(file, stream)?;
        }
        let mut attributes = PosixSpawnAttr::init()?;
        attributes.set_sigmask(&SigSet::all())?;
        attributes.set_flags(PosixSpawnFlags::POSIX_SPAWN_SETSIGMASK)?;
        let arguments = [NAME.to_owned(), CString::new(std::process::id().to_string())?];
        let id = posix_spawn(c"/proc/self/exe", &files, &attributes, &arguments, &environment()?)?;
        let id = Pid::from_raw(id.as_raw()).expect("a process has a positive id");
        Ok(Self { id, reports: receiver, recent: Vec::new() })
    }

    /// Whether the listener got this signal from the same sender as this process did, which was
    /// not before `since`. Waits for its report for a moment.
    pub(in crate::run) fn has_received(
        &mut self,
        signal: c_int,
        sender: i32,
        since: Instant,
    ) -> bool {
        let deadline = Instant::now() + WINDOW;
        loop {
            self.recent.extend(self.reports.try_iter());
            self.recent.retain(|report| report.received + WINDOW >= since);
            let mut reports = self.recent.iter_mut();
            if let Some(report) = reports.find(|report| report.is_of(signal, sender, since)) {
                report.matched.get_or_insert_with(Instant::now);
                return true;
            }
            match self.reports.recv_timeout(deadline.saturating_duration_since(Instant::now())) {
                Ok(report) => self.recent.push(report),
                Err(_) => return false,
            }
        }
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        // Otherwise it has exited, and its process id may be another's by now.
        if matches!(waitpid(Some(self.id), WaitOptions::NOHANG), Ok(None)) {
            let _ = kill_process(self.id, Signal::KILL);
            let _ = waitpid(Some(self.id), WaitOptions::empty());
        }
    }
}

impl Report {
    fn parse(line: &str) -> Option<Self> {
        let (signal, sender) = line.split_once(' ')?;
        let (signal, sender) = (signal.parse().ok()?, sender.parse().ok()?);
        Some(Self { signal, sender, received: Instant::now(), matched: None })
    }

    /// Whether it may be the signal that this process got at `since` or later.
    fn is_of(&self, signal: c_int, sender: i32, since: Instant) -> bool {
        // `timeout` sends a signal to its child first, and then to the group at once: that is one.
        let is_new = self.matched.is_none_or(|matched| since <= matched);
        is_new && (self.signal, self.sender) == (signal, sender)
    }
}

/// Listens until the parent dies, if this process was started to do so.
pub(crate) fn listen_if_started_as_listener() -> Option<ExitCode> {
    let mut arguments = env::args_os();
    if arguments.next()?.as_encoded_bytes() != NAME.to_bytes() {
        return None;
    }
    let parent = arguments.next()?.to_str()?.parse().ok()?;
    Some(if listen(parent).is_ok() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn listen(parent: i32) -> io::Result<()> {
    set_name(NAME)?;
    set_pdeathsig(SIGKILL)?;
    let signals = SignalFd::new(&SigSet::all())?;
    let mut output = io::stdout();
    // The parent may have died before.
    while getppid().is_some_and(|id| id.as_raw_nonzero().get() == parent) {
        match signals.read_signal() {
            Ok(Some(signal)) => writeln!(output, "{} {}", signal.ssi_signo, signal.ssi_pid)?,
            Ok(None) | Err(Errno::EINTR) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Ok(())
}
