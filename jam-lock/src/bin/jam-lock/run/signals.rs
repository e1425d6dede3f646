//! The signals that reach this process while the command runs.

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

/// What ends a process by default, and is passed on.
const ENDING: [c_int; 6] = [SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGUSR1, SIGUSR2];

/// Those that came and those that will.
pub(super) struct Signals {
    received: SignalsInfo<WithOrigin>,
}

impl Signals {
    /// Collects what would end this process, from now on.
    pub(super) fn collect() -> io::Result<Self> {
        let received = SignalsInfo::<WithOrigin>::new(ending())?;
        Ok(Self { received })
    }

    /// The first that came until now.
    pub(super) fn first(&mut self) -> Option<c_int> {
        self.received.pending().next().map(|origin| origin.signal)
    }

    /// Those that came until now.
    pub(super) fn pending(&mut self) -> impl Iterator<Item = Origin> + '_ {
        self.received.pending()
    }

    /// Collects what concerns a command that runs as well.
    pub(super) fn collect_for_command(&self) -> io::Result<()> {
        [SIGCHLD, SIGTSTP, SIGCONT].iter().try_for_each(|signal| self.received.add_signal(*signal))
    }

    /// Each as it comes, until somebody closes them.
    pub(super) fn forever(&mut self) -> impl Iterator<Item = Origin> + '_ {
        self.received.forever()
    }

    /// What closes them.
    pub(super) fn handle(&self) -> Handle {
        self.received.handle()
    }
}

/// What would end this process; not what it was told to ignore, as `nohup` does, because a command
/// inherits that only from who does ignore it.
pub(super) fn ending() -> Vec<c_int> {
    let ignored = ignored();
    ENDING.into_iter().filter(|signal| ignored & (1 << (signal - 1)) == 0).collect()
}

/// What this process was told to ignore, as a set of bits. Only Linux tells.
fn ignored() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let set = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    set.and_then(|set| u64::from_str_radix(set.trim(), 16).ok()).unwrap_or(0)
}

/// Whether a terminal has sent it, or else the system: to everybody in the foreground, so the command
/// has it already. That a terminal is gone is told to who leads its session alone.
pub(super) fn is_from_terminal(origin: &Origin) -> bool {
    if origin.signal == SIGHUP && Process::this().is_some_and(|this| this.session == this.id) {
        return false;
    }
    match origin.cause {
        Cause::Kernel => true,
        // Where causes are not told, whoever sends by kill(2) is.
        Cause::Unknown => origin.process.is_none_or(|process| process.pid == 0),
        _ => false,
    }
}
