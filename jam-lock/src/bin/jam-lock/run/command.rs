//! A command that runs, is told of signals, and ends.

use std::future::Future;
use std::io;
use std::iter;
use std::pin::pin;
use std::process::{Child, Command, ExitStatus};
use std::sync::Arc;
use std::sync::mpsc;
use std::task::{Context, Wake, Waker};
use std::thread;
use std::time::Duration;

use jam_lock::LockGuard;
use rustix::process::{Pid, Signal, kill_process};
use signal_hook::consts::{SIGCHLD, SIGCONT, SIGTSTP};
use signal_hook::iterator::Handle;
use signal_hook::low_level::siginfo::Origin;

use super::descendants::Descendants;
use super::signals::{Signals, is_from_terminal};
use super::{Outcome, Unstarted};
use crate::arguments::Request;
use crate::ending::Ending;
use crate::output::say;
use crate::process::Process;
use crate::stop::stop;

/// How long a command that has lost its lock has to end by itself.
const GRACE: Duration = Duration::from_secs(10);

/// A command that does not run yet. Signals that come from now on are for it.
pub(super) struct Prepared {
    command: Command,
    signals: Signals,
    descendants: Option<Descendants>,
}

/// Prepares the command that is asked for.
pub(super) fn prepare(request: &Request) -> Result<Prepared, Unstarted> {
    let mut command = Command::new(&request.command[0]);
    command.args(&request.command[1..]);
    let descendants = request.descendants.then(Descendants::to_come).transpose()?;
    Ok(Prepared { command, signals: Signals::collect()?, descendants })
}

impl Prepared {
    /// Fails where a signal has come that would have ended this process.
    pub(super) fn check_signals(&mut self) -> Result<(), Unstarted> {
        self.signals.first().map_or(Ok(()), |signal| Err(Unstarted::Signal(signal)))
    }

    /// Runs it until it has ended, and what it leaves behind where that is waited for.
    pub(super) fn run(mut self, guard: &LockGuard) -> Result<Outcome, Unstarted> {
        self.check_signals()?;
        self.signals.collect_for_command()?;
        let mut child = self.command.spawn()?;
        // What has come meanwhile may have come before the command did.
        for origin in self.signals.pending().filter(|origin| origin.signal != SIGCHLD) {
            pass_on(&child, origin.signal);
            if origin.signal == SIGTSTP {
                stop();
            }
        }
        let waker = Waker::from(Arc::new(Closing(self.signals.handle())));
        let mut lost = pin!(guard.lost());
        if lost.as_mut().poll(&mut Context::from_waker(&waker)).is_ready() {
            waker.wake_by_ref();
        }
        let status = match child.try_wait()? {
            Some(status) => Some(status),
            None => follow(&mut child, &mut self.signals)?,
        };
        let Some(status) = status else {
            end(child, guard);
            return Ok(Outcome::Lost);
        };
        let signal = match self.descendants {
            Some(descendants) => descendants.wait_for(&mut self.signals)?,
            None => None,
        };
        Ok(Outcome::Ended(signal.map_or(Ending::like(status), Ending::Signal)))
    }
}

/// Passes on what comes until the command has ended; nothing where the lock is lost first.
fn follow(child: &mut Child, signals: &mut Signals) -> io::Result<Option<ExitStatus>> {
    for origin in signals.forever() {
        let is_known = is_from_terminal(&origin) || is_from(child, &origin);
        match origin.signal {
            SIGCHLD => {
                if let Some(status) = child.try_wait()? {
                    return Ok(Some(status));
                }
            }
            SIGTSTP => {
                if !is_known {
                    pass_on(child, SIGTSTP);
                }
                stop();
            }
            // One too many wakes nobody twice.
            SIGCONT => pass_on(child, SIGCONT),
            signal if !is_known => pass_on(child, signal),
            _ => {}
        }
    }
    Ok(None)
}

/// Whether the command has sent it, as one does to its whole group.
fn is_from(child: &Child, origin: &Origin) -> bool {
    origin.process.is_some_and(|process| u32::try_from(process.pid) == Ok(child.id()))
}

/// Sends `signal` to the command; one that has ended needs it no more.
fn pass_on(child: &Child, signal: i32) {
    if let Some(signal) = Signal::from_named_raw(signal) {
        let _ = kill_process(Pid::from_child(child), signal);
    }
}

/// Ends the command, whose lock is lost, and what that has started, as far as the system tells.
fn end(mut child: Child, guard: &LockGuard) {
    if let Err(error) = guard.ensure() {
        say(error);
    }
    let below = Process::of(child.id()).map(|command| command.descendants()).unwrap_or_default();
    let process = Pid::from_child(&child);
    let ids = below.iter().filter_map(|process| i32::try_from(process.id).ok());
    let below = ids.filter_map(Pid::from_raw);
    for process in iter::once(process).chain(below) {
        let _ = kill_process(process, Signal::TERM);
    }
    let (tell, told) = mpsc::channel();
    thread::spawn(move || tell.send(child.wait()));
    if told.recv_timeout(GRACE).is_err() {
        let _ = kill_process(process, Signal::KILL);
        let _ = told.recv();
    }
}

/// Closes signals when it is woken, so that who waits for them looks up.
struct Closing(Handle);

impl Wake for Closing {
    fn wake(self: Arc<Self>) {
        self.0.close();
    }
}
