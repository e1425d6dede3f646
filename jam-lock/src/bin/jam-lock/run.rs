//! `run`: a command, under a lock.

mod ancestors;
#[cfg(unix)]
mod command;
#[cfg(not(unix))]
#[path = "run/command_elsewhere.rs"]
mod command;
#[cfg(unix)]
mod descendants;
#[cfg(unix)]
mod interruption;
mod line;
#[cfg(unix)]
mod signals;
mod wait;

use std::ffi::OsStr;
use std::io::{self, ErrorKind};

use jam_lock::{Holder, LockError, Locks};

use super::arguments::Request;
use super::ending::{self, Ending};
use super::output::say;

/// What came of a command that was started.
enum Outcome {
    /// It has ended.
    Ended(Ending),
    /// It was ended, because the lock was lost.
    Lost,
}

/// Why a command was not started.
enum Unstarted {
    /// The lock was not acquired.
    Lock(LockError),
    /// It would never be free: its holder waits for this process to end.
    Inside(Box<Holder>),
    /// A signal came first.
    #[cfg(unix)]
    Signal(i32),
    /// The system would not.
    System(io::Error),
    /// There is no such thing here.
    #[cfg(not(unix))]
    Unsupported(&'static str),
}

/// Runs what is asked for under its lock among those at `place`.
pub(crate) fn run(place: &OsStr, request: &Request) -> Ending {
    match under_lock(place, request) {
        Ok(ending) => ending,
        Err(Unstarted::Lock(error)) if error.is_timeout() => not_acquired(&error, request),
        Err(Unstarted::Lock(error)) => {
            say(error);
            Ending::Status(ending::UNASKED)
        }
        Err(Unstarted::Inside(holder)) => {
            say(format_args!(
                "lock `{}` would never be free: this runs inside of {holder}, which holds it until \
                 this has ended",
                request.name
            ));
            Ending::Status(ending::UNASKED)
        }
        #[cfg(unix)]
        Err(Unstarted::Signal(signal)) => Ending::Signal(signal),
        #[cfg(not(unix))]
        Err(Unstarted::Unsupported(why)) => {
            say(why);
            Ending::Status(ending::UNASKED)
        }
        Err(Unstarted::System(error)) => not_started(&error, request),
    }
}

fn under_lock(place: &OsStr, request: &Request) -> Result<Ending, Unstarted> {
    let locks = Locks::at(place)?;
    let mut command = command::prepare(request)?;
    let guard = wait::acquire(&locks, request, &mut command)?;
    if let Some(died) = guard.abandoned() {
        say(format_args!("the last holder of lock `{}` died inside: {died}", request.name));
    }
    if let Some(error) = guard.record_error() {
        say(error);
    }
    match command.run(&guard)? {
        // That was told when it was noticed.
        Outcome::Lost => Ok(Ending::Status(ending::LOST)),
        Outcome::Ended(ending) => {
            Ok(guard.release().map_or_else(|error| not_released(&error, ending), |()| ending))
        }
    }
}

/// The end of a command that may not have been under its lock to the last; or that was, and whose end
/// is not recorded.
fn not_released(error: &LockError, its_own: Ending) -> Ending {
    say(error);
    if matches!(error, LockError::Io { .. }) { its_own } else { Ending::Status(ending::LOST) }
}

fn not_acquired(error: &LockError, request: &Request) -> Ending {
    if request.skip {
        say(format_args!("skipped: {error}"));
        return Ending::Status(0);
    }
    say(error);
    Ending::Status(request.exit_code)
}

fn not_started(error: &io::Error, request: &Request) -> Ending {
    let command = request.command[0].to_string_lossy();
    if error.kind() == ErrorKind::NotFound {
        say(format_args!("cannot run `{command}`: there is no such command"));
        return Ending::Status(ending::NOT_FOUND);
    }
    say(format_args!("cannot run `{command}`: {error}"));
    Ending::Status(ending::NOT_EXECUTABLE)
}

impl From<LockError> for Unstarted {
    fn from(error: LockError) -> Self {
        Self::Lock(error)
    }
}

impl From<io::Error> for Unstarted {
    fn from(error: io::Error) -> Self {
        Self::System(error)
    }
}
