//! [`LockError`]: what went wrong, where, and the remedy.

mod deadlock;
mod details;
mod io_error;
mod permits;
mod timeout_message;
mod too_soon_message;

use std::borrow::Cow;
use std::fmt;
use std::io;
use std::path::PathBuf;
use std::time::{Duration, SystemTime};

use self::deadlock::DeadlockMessage;
use self::permits::PermitsMessage;
use self::timeout_message::TimeoutMessage;
use self::too_soon_message::TooSoonMessage;
use crate::holder::Holder;
use crate::name::LockName;
use crate::site::Site;

pub use self::deadlock::DeadlockedOwner;

/// Why a lock was not acquired or not released, or why its name or its location cannot be used.
///
/// [`is_timeout`](LockError::is_timeout) is the question to ask: the lock was not free in time, and the
/// [holder](LockError::Timeout::holder) has it. For a job that runs
/// [at most every](crate::Lock::at_most_every) so often, [`is_too_soon`](LockError::is_too_soon) is another.
/// Every other variant is a real failure, whose message says what to do.
///
/// # Example
/// ```
/// use jam_lock::{LockError, LockName, Locks};
///
/// let lock = Locks::temporary()?.lock(LockName::new("import")?);
/// let guard = lock.acquire()?;
/// match lock.try_acquire() {
///     Ok(_guard) => println!("imported"),
///     Err(error) if error.is_timeout() => println!("later: {error}"),
///     Err(error) => return Err(error),
/// }
/// # drop(guard);
/// # Ok::<(), LockError>(())
/// ```
#[doc(alias = "TryLockError", alias = "WouldBlock")]
#[derive(thiserror::Error)]
#[non_exhaustive]
pub enum LockError {
    /// The lock was held elsewhere until the timeout passed.
    #[error("{}", TimeoutMessage {
        name,
        location,
        waited: *waited,
        holder: holder.as_deref(),
        other_holders,
        blocked_on: blocked_on.as_deref(),
    })]
    #[non_exhaustive]
    Timeout {
        /// The requested lock.
        name: Box<LockName>,
        /// Where the lock is: the path of its file, or the URL of its server.
        location: String,
        /// How long the acquisition waited; zero if the timeout was 0.
        waited: Duration,
        /// The holder, if it is known; see [`Holder::is_certain`](crate::Holder::is_certain).
        holder: Option<Box<Holder>>,
        /// The holders of the other [permits](LockName::with_permits), as far as they are known.
        other_holders: Vec<Holder>,
        /// What the acquisition was blocked on, if not on a holder, such as a server that has not
        /// answered.
        blocked_on: Option<Box<str>>,
    },

    /// The last run that ended well began less than the [period](crate::Lock::at_most_every) ago.
    ///
    /// Nothing is wrong, and the lock is not held. [The guide](crate::guide::scheduled_jobs) says which runs
    /// count.
    #[error("{}", TooSoonMessage { name, location, last: *last, next: *next, holder: holder.as_deref() })]
    #[non_exhaustive]
    TooSoon {
        /// The requested lock.
        name: Box<LockName>,
        /// Where the lock is: the path of its file, or the URL of its server.
        location: String,
        /// When the last run began.
        last: SystemTime,
        /// When the next run may begin; `None` if that is too far away for the clock.
        next: Option<SystemTime>,
        /// Who ran it.
        holder: Option<Box<Holder>>,
    },

    /// The same thread, or a section of the same task, already holds the lock, so waiting would deadlock.
    ///
    /// An acquisition that does not wait returns [`LockError::Timeout`] instead.
    #[error(
        "cannot acquire lock `{name}` in {requested_at}: this thread or task already holds it \
         (acquired in {held_at}) and would deadlock; {remedy}"
    )]
    #[non_exhaustive]
    Reentrant {
        /// The lock.
        name: Box<LockName>,
        /// Where it was requested again.
        requested_at: Site,
        /// Where it was acquired.
        held_at: Site,
        /// What to do instead.
        remedy: &'static str,
    },

    /// The same thread, or a section of the same task, holds a lock that is declared after this one.
    ///
    /// Sections that acquire the two locks in declared order could deadlock with it.
    #[error(
        "lock order violation: `{name}` (requested in {requested_at}) comes before `{held}`, \
         which this thread or task already holds (acquired in {held_at}); {remedy}"
    )]
    #[non_exhaustive]
    Order {
        /// The requested lock.
        name: Box<LockName>,
        /// Where it was requested.
        requested_at: Site,
        /// The lock that is held.
        held: Box<LockName>,
        /// Where the held lock was acquired.
        held_at: Site,
        /// What to do instead.
        remedy: &'static str,
    },

    /// The name is not portable as a file name.
    #[error("invalid lock name `{}`: {reason}", name.escape_debug())]
    #[non_exhaustive]
    Name {
        /// The invalid name.
        name: String,
        /// What is wrong with it.
        reason: String,
    },

    /// An operation of the operating system failed.
    #[error("cannot {operation} {}: {error}{}", path.display(), remedy(operation, error))]
    #[non_exhaustive]
    Io {
        /// The operation that failed, such as "open the lock file".
        operation: &'static str,
        /// The file or folder.
        path: PathBuf,
        /// The error of the operating system, which is already part of the message.
        error: io::Error,
    },

    /// The lock file is not a regular file.
    #[error("lock file {} is {found}, not a regular file; {remedy}", path.display())]
    #[non_exhaustive]
    NotAFile {
        /// The path of the lock file.
        path: PathBuf,
        /// What is there instead, such as "a symbolic link".
        found: &'static str,
        /// What to do about it.
        remedy: &'static str,
    },

    /// The location, the engine, or this build does not support the request.
    ///
    /// It fails rather than return a lock that would not exclude others.
    #[error("{what} is not supported at {location}: {remedy}")]
    #[non_exhaustive]
    Unsupported {
        /// What is not supported.
        what: &'static str,
        /// Where: a path, or the URL of a server.
        location: String,
        /// What to do instead.
        remedy: Cow<'static, str>,
    },

    /// A server, or the connection to it, failed.
    #[error("cannot {operation} at {location}: {error}")]
    #[non_exhaustive]
    Engine {
        /// The operation that failed, such as "acquire lock `invoice_saved`".
        operation: String,
        /// The URL of the server, without its password.
        location: String,
        /// The cause, which is already part of the message.
        error: Box<dyn std::error::Error + Send + Sync>,
    },

    /// The lock was lost while it was held: another process may have held it since.
    ///
    /// See [`LockGuard::is_lost`](crate::LockGuard::is_lost).
    #[error(
        "lock `{name}` ({location}) was lost while held: {reason}. Another process may hold it now; \
         check any work that was not fenced"
    )]
    #[non_exhaustive]
    Lost {
        /// The lock that was held.
        name: Box<LockName>,
        /// Where it is.
        location: String,
        /// Why it counts as lost.
        reason: String,
    },

    /// Owners (threads or tasks) waited for each other in a cycle, and this wait was ended.
    ///
    /// The cycle may be of any length, and its owners may be in one process or in several;
    /// [`LockError::cycle`] names them. This owner keeps the locks that it holds: return from the code that
    /// holds them, so that the other owners go on. [The guide](crate::guide::deadlocks) says which cycles
    /// are found.
    ///
    /// On PostgreSQL, the server finds the cycle, once a wait has lasted for its `deadlock_timeout`, by
    /// default one second, and does not name it. All locks that this owner held on that server are
    /// [lost](crate::LockGuard::is_lost), so that the other owners go on; their guards are still to be
    /// dropped. A transaction that acquired it is aborted. [The page on PostgreSQL][page] says more.
    ///
    /// [page]: crate::guide::postgres#deadlocks
    #[error("{}", DeadlockMessage { name, location, cycle })]
    #[non_exhaustive]
    Deadlock {
        /// The requested lock.
        name: Box<LockName>,
        /// Where it is.
        location: String,
        /// The owners of the cycle, this one first; empty if a server does not name them.
        cycle: Vec<DeadlockedOwner>,
    },

    /// The holder has started this process and waits for it to exit, so both would wait forever.
    ///
    /// Only an acquisition without a timeout fails like this, a moment after its wait has begun or after the
    /// holder has begun to wait. [The guide][page] says when that is certain; otherwise the acquisition waits.
    ///
    /// [page]: crate::guide::holders#a-holder-that-has-started-this-process
    #[error(
        "cannot acquire lock `{name}` ({location}): it is held by {holder}, so both would wait forever; \
         acquire it in only one of them, or release it before the child is started"
    )]
    #[non_exhaustive]
    HeldByAncestor {
        /// The requested lock.
        name: Box<LockName>,
        /// Where it is.
        location: String,
        /// The holder.
        holder: Box<Holder>,
    },

    /// A holder of the lock has another number of [permits](LockName::with_permits).
    ///
    /// More could be inside than either of them allows, so the acquisition fails. [The guide][page] says when
    /// this is noticed.
    ///
    /// [page]: crate::guide::permits#programs-that-disagree
    #[error("{}", PermitsMessage { name, location, here: *here, there: *there, holder })]
    #[non_exhaustive]
    PermitsDiffer {
        /// The requested lock.
        name: Box<LockName>,
        /// Where it is.
        location: String,
        /// How many permits it has for this acquisition.
        here: u32,
        /// How many it has for the holder.
        there: u32,
        /// The holder.
        holder: Box<Holder>,
    },

    /// A lock was used in a forked child of the process that opened it.
    #[error(
        "lock `{name}` ({location}) was opened by process {opened_by} and cannot be used in its forked \
         child {here}; open a new `Locks` in the child"
    )]
    #[non_exhaustive]
    Forked {
        /// The lock.
        name: LockName,
        /// Where it is.
        location: String,
        /// The id of the process that opened it.
        opened_by: u32,
        /// The id of the child.
        here: u32,
    },

    /// [`set_default_locks`](crate::set_default_locks) was called after the default was set or used.
    #[error(
        "the default locks are already set ({location}); \
         call `set_default_locks` once, before acquiring any lock, or in a test \
         `Locks::override_default`"
    )]
    #[non_exhaustive]
    DefaultAlreadySet {
        /// Where the default locks are.
        location: String,
    },
}

/// What to do about the lock file of another user.
fn remedy(operation: &str, error: &io::Error) -> &'static str {
    if operation == "open the lock file" && error.kind() == io::ErrorKind::PermissionDenied {
        "; users that share locks open the folder with `Locks::builder().mode(0o660)`"
    } else {
        ""
    }
}

/// The same message as `Display`, because `unwrap`, or a `main` that returns the error, prints this.
impl fmt::Debug for LockError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests;
