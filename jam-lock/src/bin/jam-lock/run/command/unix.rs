//! The command on Unix: signals are forwarded to it until it exits.

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

use crate::arguments::RunArguments;
use crate::exit::Exit;
use crate::output::say;
use crate::process::Process;
use crate::run::Outcome;
use crate::run::descendants::Descendants;
use crate::run::signals::{Signals, is_from_terminal};
use crate::run::start_error::StartError;
use crate::suspend::suspend;

/// How long a command whose lock was lost may take to exit after `SIGTERM`.
const GRACE: Duration = Duration::from_secs(10);

/// A command that has not been started yet. Signals that arrive from now on are forwarded to it.
pub(in crate::run) struct PreparedCommand {
    command: Command,
    signals: Signals,
    descendants: Option<Descendants>,
}

/// Prepares the command given in `arguments`.
pub(in crate::run) fn prepare(arguments: &RunArguments) -> Result<PreparedCommand, StartError> {
    let mut command = Command::new(&arguments.command[0]);
    command.args(&arguments.command[1..]);
    let descendants = arguments.descendants.then(Descendants::new).transpose()?;
    Ok(PreparedCommand { command, signals: Signals::collect()?, descendants })
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
        let mut child = self.command.spawn()?;
        // A signal that arrived by now may have arrived before the command existed.
        for origin in self.signals.pending().filter(|origin| origin.signal != SIGCHLD) {
            forward(&child, origin.signal);
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
            None => forward_signals(&mut child, &mut self.signals)?,
        };
        let Some(status) = status else {
            terminate(child, guard);
            return Ok(Outcome::Lost);
        };
        let signal = match self.descendants {
            Some(descendants) => descendants.wait_for(&mut self.signals)?,
            None => None,
        };
        Ok(Outcome::Exited(signal.map_or(Exit::like(status), Exit::Signal)))
    }
}

/// Forwards signals until the command exits; `None` if the lock is lost first.
fn forward_signals(child: &mut Child, signals: &mut Signals) -> io::Result<Option<ExitStatus>> {
    for origin in signals.forever() {
        let has_it_already = is_from_terminal(&origin) || is_from(child, &origin);
        match origin.signal {
            SIGCHLD => {
                if let Some(status) = child.try_wait()? {
                    return Ok(Some(status));
                }
            }
            SIGTSTP => {
                if !has_it_already {
                    forward(child, SIGTSTP);
                }
                suspend();
            }
            // A second one is harmless.
            SIGCONT => forward(child, SIGCONT),
            signal if !has_it_already => forward(child, signal),
            _ => {}
        }
    }
    Ok(None)
}

/// Whether the command sent the signal itself, to its whole process group.
fn is_from(child: &Child, origin: &Origin) -> bool {
    origin.process.is_some_and(|process| u32::try_from(process.pid) == Ok(child.id()))
}

/// Sends `signal` to the command, which may have exited.
fn forward(child: &Child, signal: i32) {
    if let Some(signal) = Signal::from_named_raw(signal) {
        let _ = kill_process(Pid::from_child(child), signal);
    }
}

/// Terminates the command, whose lock is lost, and its descendants, as far as they can be seen.
fn terminate(mut child: Child, guard: &LockGuard) {
    if let Err(error) = guard.ensure() {
        say(error);
    }
    let below = Process::find(child.id()).map(|command| command.descendants()).unwrap_or_default();
    let process = Pid::from_child(&child);
    let ids = below.iter().filter_map(|process| i32::try_from(process.id).ok());
    let below = ids.filter_map(Pid::from_raw);
    for process in iter::once(process).chain(below) {
        let _ = kill_process(process, Signal::TERM);
    }
    let (sender, exited) = mpsc::channel();
    thread::spawn(move || sender.send(child.wait()));
    if exited.recv_timeout(GRACE).is_err() {
        let _ = kill_process(process, Signal::KILL);
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
