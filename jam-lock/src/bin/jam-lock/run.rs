//! `run`: runs a command under a lock.

mod acquire;
mod ancestors;
#[cfg(unix)]
mod child;
mod command;
#[cfg(unix)]
mod descendants;
#[cfg(unix)]
mod forwarding;
#[cfg(unix)]
mod inherited_signals;
#[cfg(unix)]
mod interrupt;
#[cfg(unix)]
pub(crate) mod listener;
#[cfg(unix)]
mod lock_descriptor;
mod name_check;
mod progress;
#[cfg(unix)]
mod signals;
mod start_error;

use std::io::{self, ErrorKind};

use jam_lock::LockError;

use self::start_error::StartError;
use super::arguments::RunArguments;
use super::exit::{EXIT_LOCK_ERROR, EXIT_LOST, EXIT_NOT_EXECUTABLE, EXIT_NOT_FOUND, Exit};
use super::location::Location;
use super::output::say;

/// How a command that was started ended.
enum Outcome {
    /// By itself.
    Exited(Exit),
    /// It was terminated because the lock was lost.
    Lost,
}

/// Runs the command under its lock at `location`.
pub(crate) fn run(location: &Location, arguments: &RunArguments) -> Exit {
    match run_under_lock(location, arguments) {
        Ok(exit) => exit,
        Err(StartError::Lock(error)) if error.is_timeout() || error.is_too_soon() => {
            not_run(&error, arguments)
        }
        Err(StartError::Command(error)) => not_started(&error, arguments),
        #[cfg(unix)]
        Err(StartError::Signal(signal)) => Exit::Signal(signal),
        Err(error) => {
            say(error);
            Exit::Status(EXIT_LOCK_ERROR)
        }
    }
}

fn run_under_lock(location: &Location, arguments: &RunArguments) -> Result<Exit, StartError> {
    let locks = name_check::open(location, arguments)?;
    let mut command = command::prepare(arguments)?;
    let guard = acquire::acquire(&locks, arguments, &mut command)?;
    if let Some(died) = guard.abandoned() {
        say(format_args!("the last holder of lock `{}` died inside: {died}", arguments.name()));
    }
    if let Some(holder) = guard.unreleased() {
        say(format_args!(
            "lock `{}` was granted although {holder} has not released it: its lock file was removed, or \
             this folder and its own are two mounts or copies of one",
            arguments.name()
        ));
    }
    if let Some(error) = guard.record_error() {
        say(error);
    }
    let outcome = command.run(&guard);
    if !matches!(outcome, Ok(Outcome::Exited(Exit::Status(0)))) {
        guard.undo_run();
    }
    match outcome? {
        // The loss was reported when it was noticed.
        Outcome::Lost => Ok(Exit::Status(EXIT_LOST)),
        Outcome::Exited(exit) => {
            Ok(guard.release().map_or_else(|error| release_failed(&error, exit), |()| exit))
        }
    }
}

/// The command ended, but the lock may have been lost before; or only the record of its holder is
/// wrong, which does not change how the command ended.
fn release_failed(error: &LockError, exit: Exit) -> Exit {
    say(error);
    if matches!(error, LockError::Io { .. }) { exit } else { Exit::Status(EXIT_LOST) }
}

/// The lock was not free in time, or the command has run already.
fn not_run(error: &LockError, arguments: &RunArguments) -> Exit {
    if arguments.skip {
        // Nothing is wrong, and cron would mail it.
        if arguments.verbose {
            say(format_args!("skipped: {error}"));
        }
        return Exit::SUCCESS;
    }
    say(error);
    Exit::Status(arguments.exit_code)
}

fn not_started(error: &io::Error, arguments: &RunArguments) -> Exit {
    let command = arguments.command[0].to_string_lossy();
    if error.kind() == ErrorKind::NotFound {
        let is_line = command.contains([' ', ';', '|', '&', '>']);
        let advice =
            if is_line { "; if it is a line for a shell, write `sh -c '…'`" } else { "" };
        say(format_args!("cannot run `{command}`: command not found{advice}"));
        return Exit::Status(EXIT_NOT_FOUND);
    }
    say(format_args!("cannot run `{command}`: {error}"));
    Exit::Status(EXIT_NOT_EXECUTABLE)
}
