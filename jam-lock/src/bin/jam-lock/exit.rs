//! How the process ends: its exit status, or a signal.

use std::process::{ExitCode, ExitStatus};

/// The wait for the lock timed out; `EX_TEMPFAIL`, "try again later".
pub(crate) const EXIT_TIMEOUT: u8 = 75;

/// The lock was lost while the command ran, or its file was removed; `EX_IOERR`.
pub(crate) const EXIT_LOST: u8 = 74;

/// The lock could not be accessed; `EX_OSERR`.
pub(crate) const EXIT_LOCK_ERROR: u8 = 71;

/// The command was not found; the status that shells use.
pub(crate) const EXIT_NOT_FOUND: u8 = 127;

/// The command could not be run; the status that shells use.
pub(crate) const EXIT_NOT_EXECUTABLE: u8 = 126;

/// The locks could not be shown, or the arguments are wrong; the status that clap uses.
pub(crate) const EXIT_ERROR: u8 = 2;

/// How the process ends once everything it holds is dropped.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Exit {
    /// With this status.
    Status(u8),
    /// By this signal.
    #[cfg(unix)]
    Signal(i32),
}

impl Exit {
    /// Everything worked.
    pub(crate) const SUCCESS: Self = Self::Status(0);

    /// The same end as that of another process.
    pub(crate) fn like(status: ExitStatus) -> Self {
        #[cfg(unix)]
        if let Some(signal) = std::os::unix::process::ExitStatusExt::signal(&status) {
            return Self::Signal(signal);
        }
        // Windows has statuses beyond the range that shells can show.
        Self::Status(status.code().and_then(|code| u8::try_from(code).ok()).unwrap_or(u8::MAX))
    }

    /// Ends the process: by a signal at once, else by the status returned.
    pub(crate) fn exit(self) -> ExitCode {
        match self {
            Self::Status(status) => ExitCode::from(status),
            // No signal of its own ends the first process of a container, not even `SIGABRT`.
            #[cfg(unix)]
            Self::Signal(signal) if std::process::id() == 1 => shown_by_shells(signal),
            #[cfg(unix)]
            Self::Signal(signal) => {
                use rustix::process::{Resource, Rlimit, setrlimit};
                // The command has already dumped its core.
                let none = Rlimit { current: Some(0), maximum: Some(0) };
                let _ = setrlimit(Resource::Core, none);
                let _ = signal_hook::low_level::emulate_default_handler(signal);
                shown_by_shells(signal)
            }
        }
    }
}

/// The status that shells show for a signal.
#[cfg(unix)]
fn shown_by_shells(signal: i32) -> ExitCode {
    ExitCode::from(128 + u8::try_from(signal).unwrap_or(0))
}
