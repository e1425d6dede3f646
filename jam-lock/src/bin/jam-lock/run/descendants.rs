//! Waits for the processes that a command leaves running when it exits.

use std::fs::File;
use std::io::{self, Read};
use std::os::fd::OwnedFd;
use std::thread;

use rustix::io::{FdFlags, fcntl_setfd};
use rustix::pipe::pipe;

use super::child::Child;
use super::signals::{Arrival, Signals};

/// A pipe that a command and its descendants inherit; it is closed when the last of them exits.
pub(super) struct Descendants {
    end: File,
    inherited: OwnedFd,
}

impl Descendants {
    /// The descendants of the command that is started next.
    pub(super) fn of_next_command() -> io::Result<Self> {
        let (end, inherited) = pipe()?;
        fcntl_setfd(&end, FdFlags::CLOEXEC)?;
        Ok(Self { end: end.into(), inherited })
    }

    /// Waits until all of them have exited, or for a signal that would end this process.
    pub(super) fn wait_for(
        self,
        signals: &mut Signals,
        command: &mut Child,
    ) -> io::Result<Option<i32>> {
        let Self { mut end, inherited } = self;
        drop(inherited);
        let closing = signals.handle();
        thread::Builder::new().spawn(move || {
            let _ = end.read(&mut [0]);
            closing.close();
        })?;
        let fatal = super::signals::fatal();
        for Arrival { origin, .. } in signals.forever() {
            if fatal.contains(&origin.signal) {
                return Ok(Some(origin.signal));
            }
            // Orphans that became children of this process.
            command.try_wait()?;
        }
        Ok(None)
    }
}
