//! [`Holder`]: the holder of a lock, or a holder that died.

mod wait;

use std::fmt;
use std::time::{Duration, Instant, SystemTime};

use crate::site::Site;
use crate::this_process::ThisProcess;

pub use self::wait::HolderWait;
pub(crate) use self::wait::Tenths;

/// How another process is related to this one.
#[cfg_attr(not(target_os = "linux"), allow(dead_code, reason = "only Linux shows it"))]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Ancestry {
    /// It did not start this process, or that is not known.
    #[default]
    None,
    /// It started this process, directly or through others.
    Ancestor,
    /// It did, and does nothing until this process has exited.
    WaitsForExit,
}

/// What shows that a process is the holder.
#[cfg_attr(not(feature = "postgres"), allow(dead_code, reason = "only a server has standbys"))]
#[cfg_attr(not(target_os = "linux"), allow(dead_code, reason = "only Linux lists processes"))]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Confirmation {
    /// All that there is to see.
    #[default]
    Complete,
    /// The server has granted the lock, and waits for a synchronous standby to confirm its record.
    AwaitsStandby,
    /// The system lists the process, but does not show this user whether it has passed the lock on.
    ListedOnly,
}

/// The holder of a lock, or the holder that abandoned it, as far as it is known.
///
/// It is for people and for recovery, and never decides anything. A holder in another process is
/// known from the record that this library writes beside the lock file, or from Linux's `/proc/locks`,
/// which has Jam.py and `flock(1)` too.
///
/// Displayed, it is `` `on_apply` at src/invoices.rs:42, invoiced (pid 4242) on app1 ``.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Holder {
    pub(crate) process: Option<u32>,
    pub(crate) program: Option<String>,
    pub(crate) host: Option<String>,
    pub(crate) function: Option<String>,
    pub(crate) file: Option<String>,
    pub(crate) line: Option<u32>,
    pub(crate) since: Option<SystemTime>,
    pub(crate) token: Option<u64>,
    /// How long it had held the lock when it was looked up.
    pub(crate) held_for: Option<Duration>,
    pub(crate) is_this_process: bool,
    /// The server's process whose transaction holds the lock, if it is not a session of this library.
    pub(crate) transaction: Option<u32>,
    pub(crate) confirmation: Confirmation,
    pub(crate) has_not_released: bool,
    pub(crate) ancestry: Ancestry,
    pub(crate) waits_for: Option<Box<HolderWait>>,
    /// How many permits the lock has for this holder; unknown of a holder that is not recorded.
    pub(crate) permits: Option<u16>,
}

impl Holder {
    /// A thread or task of this process that acquired a lock at `site`.
    pub(crate) fn in_this_process(site: &Site, since: Instant, token: u64) -> Self {
        let here = ThisProcess::get();
        let held_for = since.elapsed();
        let (file, line) = (site.file(), site.line());
        Self {
            process: Some(here.id),
            program: here.program.clone(),
            host: here.host.clone(),
            function: site.function().map(ToOwned::to_owned),
            file: file.map(ToOwned::to_owned),
            line,
            since: SystemTime::now().checked_sub(held_for),
            token: Some(token),
            held_for: Some(held_for),
            is_this_process: true,
            transaction: None,
            confirmation: Confirmation::Complete,
            has_not_released: false,
            ancestry: Ancestry::None,
            waits_for: None,
            permits: None,
        }
    }

    /// The same holder, which has not released the lock that another one was granted.
    pub(crate) fn not_released(self) -> Self {
        Self { has_not_released: true, ..self }
    }

    /// The same holder, which holds the lock now.
    #[cfg(target_os = "linux")]
    pub(crate) fn seen_now(self) -> Self {
        // A clock that was set back makes the difference meaningless.
        let held_for = self.since.and_then(|since| SystemTime::now().duration_since(since).ok());
        Self { held_for, ..self }
    }

    /// This process at `site`, for an engine that records a `Holder` as it is.
    #[must_use]
    pub fn here(site: &Site) -> Self {
        let mut here = Self::in_this_process(site, Instant::now(), 0);
        here.token = None;
        // Another process may read it.
        here.is_this_process = false;
        here
    }

    /// The process id, as seen from this process.
    #[must_use]
    pub fn process(&self) -> Option<u32> {
        self.process
    }

    /// The file name of the program, or of the script if an interpreter such as `sh` or `python3` runs one.
    #[must_use]
    pub fn program(&self) -> Option<&str> {
        self.program.as_deref()
    }

    /// The host name of its machine.
    #[must_use]
    pub fn host(&self) -> Option<&str> {
        self.host.as_deref()
    }

    /// The function that acquired the lock by `#[locked]` or `locked!`, or the lock's
    /// [label](crate::Lock::label), such as the command of `jam-lock run`.
    #[must_use]
    pub fn function(&self) -> Option<&str> {
        self.function.as_deref()
    }

    /// The source file in which it was acquired, as it was passed to the compiler; `None` if the lock has a
    /// [label](crate::Lock::label).
    #[must_use]
    pub fn file(&self) -> Option<&str> {
        self.file.as_deref()
    }

    /// The line in that file, from 1.
    #[must_use]
    pub fn line(&self) -> Option<u32> {
        self.line
    }

    /// When it acquired the lock, by the clock of its machine.
    ///
    /// While threads or tasks of one process hand off the lock at one source line, in sections of less than
    /// 10 µs, it is when the first of them acquired it.
    #[must_use]
    pub fn since(&self) -> Option<SystemTime> {
        self.since
    }

    /// The [token](crate::LockGuard::token) of its acquisition; for hand-offs as described for
    /// [`Holder::since`], that of the first.
    #[must_use]
    pub fn token(&self) -> Option<u64> {
        self.token
    }

    /// How long it had held the lock when it was looked up; unknown if the clock was set back.
    #[must_use]
    pub fn held_for(&self) -> Option<Duration> {
        self.held_for
    }

    /// The process of a PostgreSQL server whose transaction holds the lock, as in `pg_stat_activity`.
    ///
    /// `None` if a session of this library holds it. The application's name, if it has set one, is the
    /// [program](Holder::program) then.
    #[must_use]
    pub fn transaction(&self) -> Option<u32> {
        self.transaction
    }

    /// Whether this holder lives and has not released the lock, although it was granted to another one;
    /// `false` for a holder that died or that [marked](crate::LockGuard::mark_abandoned) the lock.
    ///
    /// It distinguishes what a `recover` responds to. See
    /// [`LockGuard::unreleased`](crate::LockGuard::unreleased).
    #[must_use]
    pub fn has_not_released(&self) -> bool {
        self.has_not_released
    }

    /// Whether this process certainly has the lock.
    ///
    /// It is `false` for another user's process that writes no record, such as `flock(1)`: Linux lists it as
    /// the one that locked the file, and does not show whether it still has that file open.
    #[must_use]
    pub fn is_certain(&self) -> bool {
        self.confirmation != Confirmation::ListedOnly
    }

    /// Whether the holder has started this process, directly or through others, such as a shell.
    ///
    /// Only known on Linux, of locks in a folder.
    #[must_use]
    pub fn is_ancestor(&self) -> bool {
        self.ancestry != Ancestry::None
    }

    /// Whether the holder has started this process and does nothing until it exits, as
    /// [`LockError::HeldByAncestor`](crate::LockError::HeldByAncestor) describes.
    #[must_use]
    pub fn waits_for_this_process(&self) -> bool {
        self.ancestry == Ancestry::WaitsForExit
    }

    /// The lock that the owner (the thread or task) which holds this one waits for, if it does.
    ///
    /// That lock has a holder, which may wait as well, and so on to the end of the chain. Known of a holder
    /// of this process, and of a writer in another process that is recorded in a folder, on Linux.
    #[must_use]
    pub fn waits_for(&self) -> Option<&HolderWait> {
        self.waits_for.as_deref()
    }

    /// Continues a sentence about the holder with what it waits for.
    pub(crate) fn write_wait(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.waits_for {
            Some(wait) => write!(f, ", which is waiting for {wait}"),
            None => Ok(()),
        }
    }

    fn write_process(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.transaction.is_some() {
            f.write_str("a transaction of ")?;
        }
        match (&self.program, self.process) {
            _ if self.is_this_process => return f.write_str("this process"),
            (Some(program), Some(process)) => write!(f, "{program} (pid {process})")?,
            (Some(program), None) => f.write_str(program)?,
            (None, Some(process)) => write!(f, "pid {process}")?,
            (None, None) => f.write_str("a process")?,
        }
        if let Some(host) = &self.host {
            write!(f, " on {host}")?;
        }
        if let Some(process) = self.transaction {
            write!(f, " (server process {process})")?;
        }
        f.write_str(match self.confirmation {
            Confirmation::Complete => "",
            Confirmation::AwaitsStandby => ", which waits for a synchronous standby to confirm it",
            Confirmation::ListedOnly => ", as far as this user can see",
        })
    }

    fn write_source(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.file, self.line) {
            (Some(file), Some(line)) => write!(f, " at {file}:{line}"),
            _ => Ok(()),
        }
    }
}

impl fmt::Display for Holder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(function) = &self.function {
            write!(f, "`{function}`")?;
            self.write_source(f)?;
            f.write_str(if self.is_this_process { ", in " } else { ", " })?;
            self.write_process(f)?;
        } else {
            self.write_process(f)?;
            self.write_source(f)?;
        }
        f.write_str(match self.ancestry {
            Ancestry::None => "",
            Ancestry::Ancestor => ", which started this process",
            Ancestry::WaitsForExit => ", which waits for this process to exit",
        })
    }
}

#[cfg(test)]
mod tests;
