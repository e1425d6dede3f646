//! Which signals are forwarded to the command: those that it has not received itself.

use std::time::Instant;

use signal_hook::consts::{SIGHUP, SIGINT, SIGQUIT, SIGTSTP, SIGWINCH};
use signal_hook::low_level::siginfo::{Cause, Origin};

use super::child::Child;
use super::listener::Listener;
use super::signals::{Arrival, catches};
use crate::process::Process;

/// Signals that a terminal sends to its whole foreground process group.
const FROM_TERMINALS: [i32; 5] = [SIGHUP, SIGINT, SIGQUIT, SIGTSTP, SIGWINCH];

/// Forwards signals to the command, so that each one that is sent reaches it once.
pub(super) struct Forwarding {
    listener: Option<Listener>,
}

impl Forwarding {
    /// Starts to note which signals the command receives as well; before it is started.
    pub(super) fn start() -> Self {
        Self { listener: Listener::start() }
    }

    /// Sends the signal to the command, unless it has received it as well.
    pub(super) fn forward(&mut self, arrival: &Arrival, child: &Child) {
        let Arrival { origin, since } = arrival;
        let has_it = is_from_terminal(origin)
            || is_from(child, origin)
            || self.was_sent_to(child, origin, *since);
        if !has_it {
            child.send(origin.signal);
        }
    }

    /// Whether the sender has sent the signal to the command, too: to the process group, or to each
    /// process of a service.
    fn was_sent_to(&mut self, child: &Child, origin: &Origin, since: Instant) -> bool {
        let (Some(sender), Some(listener)) = (&origin.process, &mut self.listener) else {
            return false;
        };
        // A second signal without a handler changes nothing, so none need be waited for; except that
        // one that stops may come behind the one that continues.
        if origin.signal != SIGTSTP && !catches(child.id(), origin.signal) {
            return false;
        }
        let group = |process: Option<Process>| process.map(|process| process.group);
        group(Process::find(child.id())) == group(Process::this())
            && listener.has_received(origin.signal, sender.pid, since)
    }
}

/// Whether the command sent the signal itself, to its whole process group.
fn is_from(child: &Child, origin: &Origin) -> bool {
    origin.process.is_some_and(|process| u32::try_from(process.pid) == Ok(child.id()))
}

/// Whether the terminal or the kernel sent the signal: it goes to the whole foreground group, so
/// the command has it already. Only a hang-up goes to the session leader alone.
fn is_from_terminal(origin: &Origin) -> bool {
    if !FROM_TERMINALS.contains(&origin.signal) {
        return false;
    }
    if origin.signal == SIGHUP && Process::this().is_some_and(|this| this.session == this.id) {
        return false;
    }
    match origin.cause {
        Cause::Kernel => true,
        // Where the cause is unknown, a sender by `kill(2)` still has an id.
        Cause::Unknown => origin.process.is_none_or(|process| process.pid == 0),
        _ => false,
    }
}
