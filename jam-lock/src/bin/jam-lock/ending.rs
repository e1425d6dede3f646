//! How the process ends.

use std::io;
use std::process::{ExitCode, ExitStatus};

use jam_lock::LockError;

use super::output;

/// The lock was not to be had in time; `EX_TEMPFAIL`, "try again later".
pub(crate) const NOT_ACQUIRED: u8 = 75;

/// The lock was lost while the command ran; `EX_IOERR`.
pub(crate) const LOST: u8 = 74;

/// The lock could not be asked for; `EX_OSERR`.
pub(crate) const UNASKED: u8 = 71;

/// The command was not found, as shells say it.
pub(crate) const NOT_FOUND: u8 = 127;

/// The command could not be run, as shells say it.
pub(crate) const NOT_EXECUTABLE: u8 = 126;

/// What was asked could not be told, as clap says of wrong arguments.
const UNTOLD: u8 = 2;

/// How the process is to end, once all that it held is dropped.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Ending {
    /// With this status.
    Status(u8),
    /// By this signal.
    #[cfg(unix)]
    Signal(i32),
}

impl Ending {
    /// As another process has ended.
    pub(crate) fn like(status: ExitStatus) -> Self {
        #[cfg(unix)]
        if let Some(signal) = std::os::unix::process::ExitStatusExt::signal(&status) {
            return Self::Signal(signal);
        }
        // Windows has statuses that no shell could tell.
        Self::Status(status.code().and_then(|code| u8::try_from(code).ok()).unwrap_or(u8::MAX))
    }

    /// Ends so; by a signal, this does not return.
    pub(crate) fn end(self) -> ExitCode {
        match self {
            Self::Status(status) => ExitCode::from(status),
            #[cfg(unix)]
            Self::Signal(signal) => {
                use rustix::process::{Resource, Rlimit, setrlimit};
                // The command has left its core already.
                let none = Rlimit { current: Some(0), maximum: Some(0) };
                let _ = setrlimit(Resource::Core, none);
                let _ = signal_hook::low_level::emulate_default_handler(signal);
                ExitCode::from(128 + u8::try_from(signal).unwrap_or(0))
            }
        }
    }
}

/// Why something could not be told.
#[derive(Debug)]
pub(crate) enum Trouble {
    /// There is no folder of locks to be looked at.
    Folder(LockError),
    /// A lock, or all of them, would not tell.
    Lock(LockError),
    /// Nobody reads it.
    Output(io::Error),
    /// It would make no sense.
    Senseless(&'static str),
}

impl Trouble {
    /// Says so. Who has stopped reading, as `head` does, needs not be told.
    pub(crate) fn told(self) -> Ending {
        match self {
            Self::Output(error) if error.kind() == io::ErrorKind::BrokenPipe => {
                return Ending::Status(0);
            }
            Self::Output(error) => output::say(format_args!("cannot write: {error}")),
            Self::Folder(error) => {
                output::say(format_args!("{error}; name another by --locks or JAM_LOCK"));
            }
            Self::Lock(error) => output::say(error),
            Self::Senseless(why) => output::say(why),
        }
        Ending::Status(UNTOLD)
    }
}

impl From<LockError> for Trouble {
    fn from(error: LockError) -> Self {
        Self::Lock(error)
    }
}

impl From<io::Error> for Trouble {
    fn from(error: io::Error) -> Self {
        Self::Output(error)
    }
}
