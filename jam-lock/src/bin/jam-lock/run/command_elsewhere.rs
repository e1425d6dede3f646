//! A command that runs and ends, where there are no signals: who presses Ctrl-C reaches both.

use std::process::Command;

use jam_lock::LockGuard;

use super::{Outcome, Unstarted};
use crate::arguments::Request;
use crate::ending::Ending;
use crate::output::say;

/// A command that does not run yet.
pub(super) struct Prepared {
    command: Command,
}

/// Prepares the command that is asked for.
pub(super) fn prepare(request: &Request) -> Result<Prepared, Unstarted> {
    if request.descendants {
        return Err(Unstarted::Unsupported("`--descendants` is for Unix"));
    }
    let mut command = Command::new(&request.command[0]);
    command.args(&request.command[1..]);
    Ok(Prepared { command })
}

impl Prepared {
    /// There are no signals.
    #[expect(clippy::unused_self, clippy::unnecessary_wraps, reason = "elsewhere there are")]
    pub(super) fn check_signals(&mut self) -> Result<(), Unstarted> {
        Ok(())
    }

    /// Runs it until it has ended.
    pub(super) fn run(mut self, guard: &LockGuard) -> Result<Outcome, Unstarted> {
        let status = self.command.status()?;
        Ok(match guard.ensure() {
            Ok(()) => Outcome::Ended(Ending::like(status)),
            Err(error) => {
                say(error);
                Outcome::Lost
            }
        })
    }
}
