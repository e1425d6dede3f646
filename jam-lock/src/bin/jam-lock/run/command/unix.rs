//! The command on Unix: signals are forwarded to it until it exits.

use std::ffi::OsString;
use std::future::Future;
use std::io;
use std::iter;
use std::pin::pin;
use std::process::ExitStatus;
use std::sync::Arc;
use std::sync::mpsc;
use std::task::{Context, Wake, Waker};
use std::thread;
use std::time::Duration;

use jam_lock::LockGuard;
use rustix::process::{Pid, Signal, kill_process};
use signal_hook::consts::{SIGCHLD, SIGTSTP};
use signal_hook::iterator::Handle;

use crate::arguments::RunArguments;
use crate::exit::Exit;
use crate::output::say;
use crate::process::Process;
use crate::run::Outcome;
use crate::run::child::Child;
use crate::run::descendants::Descendants;
use crate::run::forwarding::Forwarding;
use crate::run::inherited_signals::InheritedSignals;
use crate::run::lock_descriptor;
use crate::run::signals::Signals;
use crate::run::start_error::StartError;
use crate::suspend::suspend;

/// How long a command whose lock was lost may take to exit after `SIGTERM`.
const GRACE: Duration = Duration::from_secs(10);

/// A command that has not been started yet. Signals that arrive from now on are forwarded to it.
pub(in crate::run) struct PreparedCommand {
    command: Vec<OsString>,
    signals: Signals,
    inherited_signals: InheritedSignals,
    with_descendants: bool,
}

/// Prepares the command given in `arguments`.
pub(in crate::run) fn prepare(arguments: &RunArguments) -> Result<PreparedCommand, StartError> {
    let signals = Signals::collect()?;
    // Once they are collected: one that was blocked may have arrived.
    let inherited_signals = InheritedSignals::unblock()?;
    let command = arguments.command.clone();
    Ok(PreparedCommand {
        command,
        signals,
        inherited_signals,
        with_descendants: arguments.descendants,
    })
}

impl PreparedCommand {
    /// Fails if a signal has arrived that would have ended this process.
    pub(in crate::run) fn check_signals(&mut self) -> Result<(), StartError> {
        self.signals.first().map_or(Ok(()), |signal| Err(StartError::Signal(signal)))
    }

    /// Runs the command until it exits, and its descendants too with `--descendants`.
    pub(in crate::run) fn run(mut self, guard: &LockGuard) -> Result<Outcome, StartError> {
        self.check_signals()?;
        self.signals.collect_for_command()?;
        let mut forwarding = Forwarding::start();
        // Behind the listener, which must not inherit them.
        let lock = lock_descriptor::inheritable(guard)?;
        let descendants = self.with_descendants.then(Descendants::of_next_command).transpose()?;
        let mut child = Child::spawn(&self.command, &self.inherited_signals.spawn_attributes()?)?;
        // A signal that arrived by now may have arrived before the command existed.
        let arrived: Vec<_> = self.signals.pending().collect();
        drop(lock);
        for origin in arrived.into_iter().filter(|origin| origin.signal != SIGCHLD) {
            child.send(origin.signal);
            if origin.signal == SIGTSTP {
                suspend();
            }
        }
        let waker = Waker::from(Arc::new(CloseSignals(self.signals.handle())));
        let mut lost = pin!(guard.lost());
        if lost.as_mut().poll(&mut Context::from_waker(&waker)).is_ready() {
            waker.wake_by_ref();
        }
        let status = match child.try_wait()? {
            Some(status) => Some(status),
            None => forward_signals(&mut child, &mut self.signals, &mut forwarding)?,
        };
        let Some(status) = status else {
            terminate(child, guard);
            return Ok(Outcome::Lost);
        };
        let signal = match descendants {
            Some(descendants) => descendants.wait_for(&mut self.signals, &mut child)?,
            None => None,
        };
        Ok(Outcome::Exited(signal.map_or(Exit::like(status), Exit::Signal)))
    }
}

/// Forwards signals until the command exits; `None` if the lock is lost first.
fn forward_signals(
    child: &mut Child,
    signals: &mut Signals,
    forwarding: &mut Forwarding,
) -> io::Result<Option<ExitStatus>> {
    for arrival in signals.forever() {
        if arrival.origin.signal == SIGCHLD {
            if let Some(status) = child.try_wait()? {
                return Ok(Some(status));
            }
            continue;
        }
        forwarding.forward(&arrival, child);
        if arrival.origin.signal == SIGTSTP {
            suspend();
        }
    }
    Ok(None)
}

/// Terminates the command, whose lock is lost, and its descendants, as far as they can be seen.
fn terminate(mut child: Child, guard: &LockGuard) {
    if let Err(error) = guard.ensure() {
        say(error);
    }
    let id = child.id();
    let below = Process::find(id).map(|command| command.descendants()).unwrap_or_default();
    let ids = iter::once(id).chain(below.iter().map(|process| process.id));
    let processes = ids.filter_map(|id| Pid::from_raw(i32::try_from(id).ok()?));
    for process in processes {
        let _ = kill_process(process, Signal::TERM);
    }
    let (sender, exited) = mpsc::channel();
    thread::spawn(move || {
        child.wait();
        sender.send(())
    });
    if exited.recv_timeout(GRACE).is_err() {
        if let Some(process) = i32::try_from(id).ok().and_then(Pid::from_raw) {
            let _ = kill_process(process, Signal::KILL);
        }
        let _ = exited.recv();
    }
}

/// Closes the signal iterator when woken, which ends the loop that forwards signals.
struct CloseSignals(Handle);

impl Wake for CloseSignals {
    fn wake(self: Arc<Self>) {
        self.0.close();
    }
}
