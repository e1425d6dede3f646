//! What a command leaves running when it ends.

use std::fs::File;
use std::io::{self, Read};
use std::os::fd::OwnedFd;
use std::thread;

use rustix::io::{FdFlags, fcntl_setfd};
use rustix::pipe::pipe;

use super::signals::Signals;

/// A pipe that a command and all its descendants inherit, and nobody writes to: it ends with them.
pub(super) struct Descendants {
    end: File,
    inherited: OwnedFd,
}

impl Descendants {
    /// Those of the commands that are started from now on.
    pub(super) fn to_come() -> io::Result<Self> {
        let (end, inherited) = pipe()?;
        fcntl_setfd(&end, FdFlags::CLOEXEC)?;
        Ok(Self { end: end.into(), inherited })
    }

    /// Waits until all of them have ended, or for a signal that ends this process first.
    pub(super) fn wait_for(self, signals: &mut Signals) -> io::Result<Option<i32>> {
        let Self { mut end, inherited } = self;
        drop(inherited);
        let closing = signals.handle();
        thread::Builder::new().spawn(move || {
            let _ = end.read(&mut [0]);
            closing.close();
        })?;
        let ending = super::signals::ending();
        Ok(signals.forever().map(|origin| origin.signal).find(|signal| ending.contains(signal)))
    }
}
