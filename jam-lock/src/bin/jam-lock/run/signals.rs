//! The signals that arrive while the command runs.

use std::ffi::c_int;
use std::fs;
use std::io;

use signal_hook::consts::{
    SIGCHLD, SIGCONT, SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGTSTP, SIGUSR1, SIGUSR2,
};
use signal_hook::iterator::exfiltrator::WithOrigin;
use signal_hook::iterator::{Handle, SignalsInfo};
use signal_hook::low_level::siginfo::{Cause, Origin};

use crate::process::Process;

/// Signals that end a process by default, and are forwarded.
const FATAL: [c_int; 6] = [SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGUSR1, SIGUSR2];

/// The signals that have arrived and will arrive.
pub(super) struct Signals {
    received: SignalsInfo<WithOrigin>,
}

impl Signals {
    /// Collects fatal signals from now on.
    pub(super) fn collect() -> io::Result<Self> {
        let received = SignalsInfo::<WithOrigin>::new(fatal())?;
        Ok(Self { received })
    }

    /// The first signal that has arrived.
    pub(super) fn first(&mut self) -> Option<c_int> {
        self.received.pending().next().map(|origin| origin.signal)
    }

    /// The signals that have arrived.
    pub(super) fn pending(&mut self) -> impl Iterator<Item = Origin> + '_ {
        self.received.pending()
    }

    /// Also collects the signals that concern a running command.
    pub(super) fn collect_for_command(&self) -> io::Result<()> {
        [SIGCHLD, SIGTSTP, SIGCONT].iter().try_for_each(|signal| self.received.add_signal(*signal))
    }

    /// Each signal as it arrives, until the iterator is closed.
    pub(super) fn forever(&mut self) -> impl Iterator<Item = Origin> + '_ {
        self.received.forever()
    }

    /// Closes the iterator.
    pub(super) fn handle(&self) -> Handle {
        self.received.handle()
    }
}

/// Signals that would end this process. Ignored ones (as under `nohup`) are left alone, so that the
/// command inherits that they are ignored.
pub(super) fn fatal() -> Vec<c_int> {
    let ignored = ignored();
    FATAL.into_iter().filter(|signal| ignored & (1 << (signal - 1)) == 0).collect()
}

/// The ignored signals as a bit set. Only Linux shows them.
fn ignored() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let set = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    set.and_then(|set| u64::from_str_radix(set.trim(), 16).ok()).unwrap_or(0)
}

/// Whether the terminal or the kernel sent the signal: it goes to the whole foreground group, so
/// the command has it already. Only a hang-up goes to the session leader alone.
pub(super) fn is_from_terminal(origin: &Origin) -> bool {
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
