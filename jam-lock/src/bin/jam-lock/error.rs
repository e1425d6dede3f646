//! Why a subcommand other than `run` failed.

use std::io;

use jam_lock::LockError;

use super::exit::{EXIT_ERROR, Exit};
use super::output;

/// What to do if the location is not the right one.
pub(crate) const CHOOSE_ANOTHER: &str = "choose another with --locks or JAM_LOCK";

/// The error of a subcommand other than `run`.
#[derive(Debug)]
pub(crate) enum Error {
    /// The location does not exist, or cannot be read.
    Location { error: LockError, is_default: bool },
    /// A lock, or the list of all, cannot be read.
    Lock(LockError),
    /// The output cannot be written.
    Output(io::Error),
    /// The subcommand cannot work here.
    Usage(&'static str),
}

impl Error {
    /// Prints the error and returns the status. A closed pipe, as behind `head`, is no error.
    pub(crate) fn report(self) -> Exit {
        match self {
            Self::Output(error) if error.kind() == io::ErrorKind::BrokenPipe => {
                return Exit::SUCCESS;
            }
            Self::Output(error) => output::say(format_args!("cannot write: {error}")),
            Self::Location { error, is_default } => {
                let note = if is_default { "it is the default; " } else { "" };
                output::say(format_args!("{error}; {note}{CHOOSE_ANOTHER}"));
            }
            Self::Lock(error) => output::say(error),
            Self::Usage(why) => output::say(why),
        }
        Exit::Status(EXIT_ERROR)
    }
}

impl From<LockError> for Error {
    fn from(error: LockError) -> Self {
        Self::Lock(error)
    }
}

impl From<io::Error> for Error {
    fn from(error: io::Error) -> Self {
        Self::Output(error)
    }
}
