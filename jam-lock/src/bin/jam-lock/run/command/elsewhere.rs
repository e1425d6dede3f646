//! The command where there are no signals: Ctrl-C reaches both processes.

use std::process::Command;

use jam_lock::LockGuard;

use crate::arguments::RunArguments;
use crate::exit::Exit;
use crate::output::say;
use crate::run::Outcome;
use crate::run::start_error::StartError;

/// A command that has not been started yet.
pub(in crate::run) struct PreparedCommand {
    command: Command,
}

/// Prepares the command given in `arguments`.
pub(in crate::run) fn prepare(arguments: &RunArguments) -> Result<PreparedCommand, StartError> {
    if arguments.descendants {
        return Err(StartError::Unsupported("`--descendants` is only supported on Unix"));
    }
    let mut command = Command::new(&arguments.command[0]);
    command.args(&arguments.command[1..]);
    Ok(PreparedCommand { command })
}

impl PreparedCommand {
    /// There are no signals.
    #[expect(clippy::unused_self, clippy::unnecessary_wraps, reason = "Unix has signals")]
    pub(in crate::run) fn check_signals(&mut self) -> Result<(), StartError> {
        Ok(())
    }

    /// Runs the command until it exits.
    pub(in crate::run) fn run(mut self, guard: &LockGuard) -> Result<Outcome, StartError> {
        let status = self.command.status()?;
        Ok(match guard.ensure() {
            Ok(()) => Outcome::Exited(Exit::like(status)),
            Err(error) => {
                say(error);
                Outcome::Lost
            }
        })
    }
}
