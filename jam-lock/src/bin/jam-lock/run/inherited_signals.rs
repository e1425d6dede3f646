//! The signal mask that this process was started with, which the command gets in turn.

use std::ffi::c_int;
use std::io;

use nix::spawn::{PosixSpawnAttr, PosixSpawnFlags};
use nix::sys::signal::{SigSet, Signal};
use signal_hook::consts::{SIGCHLD, SIGCONT, SIGTSTP};

use super::signals::fatal;

/// The signal mask that this process was started with.
pub(super) struct InheritedSignals {
    mask: SigSet,
}

impl InheritedSignals {
    /// Reads the mask, and unblocks the signals that this process depends on, in this thread and in
    /// those that it starts: with `SIGCHLD` blocked, it would not notice that the command exits.
    pub(super) fn unblock() -> io::Result<Self> {
        let mask = SigSet::thread_get_mask()?;
        signal_set(fatal().into_iter().chain([SIGCHLD, SIGTSTP, SIGCONT])).thread_unblock()?;
        Ok(Self { mask })
    }

    /// How a command is started that is to inherit the same. What is ignored is inherited anyway,
    /// but the Rust runtime has ignored `SIGPIPE`.
    pub(super) fn spawn_attributes(&self) -> io::Result<PosixSpawnAttr> {
        let mut attributes = PosixSpawnAttr::init()?;
        attributes.set_sigmask(&self.mask)?;
        attributes.set_sigdefault(&SigSet::from(Signal::SIGPIPE))?;
        attributes.set_flags(
            PosixSpawnFlags::POSIX_SPAWN_SETSIGMASK | PosixSpawnFlags::POSIX_SPAWN_SETSIGDEF,
        )?;
        Ok(attributes)
    }
}

fn signal_set(signals: impl Iterator<Item = c_int>) -> SigSet {
    signals.filter_map(|signal| Signal::try_from(signal).ok()).collect()
}
