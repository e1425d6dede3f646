//! [`LockError`]: everything that can go wrong, in sentences.

use std::fmt;
use std::io;
use std::path::PathBuf;
use std::time::Duration;

use crate::holder::Holder;
use crate::name::LockName;
use crate::site::Site;

/// Why a lock was not acquired, not released, or not even asked for.
///
/// [`LockError::Timeout`] is the one that is to be expected: the lock was not to be had in time. Every
/// other variant is trouble.
#[derive(thiserror::Error)]
#[non_exhaustive]
pub enum LockError {
    /// The lock was held elsewhere until the timeout had passed.
    #[error("{}", TimeoutText {
        name, location, waited: *waited, holder: holder.as_deref(), blocked_on: blocked_on.as_deref()
    })]
    #[non_exhaustive]
    Timeout {
        /// The lock that was asked for.
        name: Box<LockName>,
        /// Where it is: the path of its file, or the URL of its server.
        location: String,
        /// How long was waited; zero where the timeout was 0.
        waited: Duration,
        /// Who holds it, where that is certain.
        holder: Option<Box<Holder>>,
        /// What was in the way, where that was no holder: the server has not answered, for one.
        blocked_on: Option<Box<str>>,
    },

    /// The same thread, or section of a task, holds the lock already, and would wait for itself.
    ///
    /// What does not wait is refused by [`LockError::Timeout`] instead.
    #[error(
        "cannot acquire lock `{name}` in {requested_at}: this thread or task already holds it \
         (acquired in {held_at}) and would wait for itself; {remedy}"
    )]
    #[non_exhaustive]
    Reentrant {
        /// The lock that was asked for again.
        name: Box<LockName>,
        /// Where it was asked for again.
        requested_at: Site,
        /// Where it was acquired.
        held_at: Site,
        /// What to do instead.
        remedy: &'static str,
    },

    /// The same thread, or section of a task, holds a lock that is declared after this one.
    #[error(
        "lock order violation: `{name}` (requested in {requested_at}) is declared before `{held}`, \
         which this thread or task already holds (acquired in {held_at}); {remedy}"
    )]
    #[non_exhaustive]
    Order {
        /// The lock that was asked for.
        name: Box<LockName>,
        /// Where it was asked for.
        requested_at: Site,
        /// The lock that is held.
        held: Box<LockName>,
        /// Where that was acquired.
        held_at: Site,
        /// What to do instead.
        remedy: &'static str,
    },

    /// The name is not portable as a file name.
    #[error("`{}` cannot be a lock name: {reason}", name.escape_debug())]
    #[non_exhaustive]
    Name {
        /// The refused name.
        name: String,
        /// What is wrong with it.
        reason: String,
    },

    /// The operating system refused something that the lock needs.
    #[error("cannot {operation} {}: {error}", path.display())]
    #[non_exhaustive]
    Io {
        /// What was being done, such as "open the lock file".
        operation: &'static str,
        /// What it was done to.
        path: PathBuf,
        /// What the operating system said; it is part of the text already.
        error: io::Error,
    },

    /// Something other than a regular file stands where the lock's file belongs.
    #[error(
        "the lock file {} is {found}: only a regular file can be locked, so move it away",
        path.display()
    )]
    #[non_exhaustive]
    NotAFile {
        /// Where the lock's file belongs.
        path: PathBuf,
        /// What stands there, such as "a symbolic link".
        found: &'static str,
    },

    /// What was asked for cannot be had in this place or this build, and nothing pretends to it.
    #[error("{what} is not supported at {location}: {remedy}")]
    #[non_exhaustive]
    Unsupported {
        /// What was asked for.
        what: &'static str,
        /// Where: a path, or an engine's URL.
        location: String,
        /// What to do instead.
        remedy: &'static str,
    },

    /// A server, or the way to it, failed.
    #[error("cannot {operation} at {location}: {error}")]
    #[non_exhaustive]
    Engine {
        /// What was being done, such as "acquire lock `invoice_saved`".
        operation: String,
        /// Where the engine is, without a password.
        location: String,
        /// What went wrong; it is part of the text already.
        error: Box<dyn std::error::Error + Send + Sync>,
    },

    /// The lock was lost while it was held: somebody else may have been inside since.
    #[error(
        "lock `{name}` ({location}) was lost while it was held: {why}. Others may have it by now, so \
         what was not fenced has to be checked"
    )]
    #[non_exhaustive]
    Lost {
        /// The lock that was held.
        name: Box<LockName>,
        /// Where it is.
        location: String,
        /// How it was lost.
        why: String,
    },

    /// Several call chains waited for each other in a circle, which the engine has found out.
    #[error(
        "waiting for lock `{name}` ({location}) was a deadlock: who holds it waits for a lock of this \
         thread or task, which has lost all it held there now. Acquire locks in the same order \
         everywhere, or all at once"
    )]
    #[non_exhaustive]
    Deadlock {
        /// The lock that was asked for.
        name: Box<LockName>,
        /// Where it is.
        location: String,
    },

    /// A lock that was inherited through `fork(2)` was used in the child.
    #[error(
        "lock `{name}` ({location}) was opened by process {opened_by} and is used in its fork {here}: \
         open a `Locks` of its own in the child"
    )]
    #[non_exhaustive]
    Forked {
        /// The lock that was used.
        name: LockName,
        /// Where it is: the path of its file.
        location: String,
        /// The process that opened it.
        opened_by: u32,
        /// The process that used it.
        here: u32,
    },

    /// The default `Locks` was set when it had been set, or used, already.
    #[error(
        "the default locks are settled already ({location}): \
         call `set_default_locks` once, before the first lock is taken"
    )]
    #[non_exhaustive]
    DefaultAlreadySet {
        /// Where the default locks are.
        location: String,
    },
}

impl LockError {
    /// [`LockError::Engine`], for an [engine](crate::engine::Engine) of the application's own:
    /// `operation` is what could not be done, such as "acquire lock `invoice_saved`", and `place`
    /// where.
    pub fn engine(
        operation: impl Into<String>,
        location: impl Into<String>,
        error: impl Into<Box<dyn std::error::Error + Send + Sync>>,
    ) -> Self {
        Self::Engine { operation: operation.into(), location: location.into(), error: error.into() }
    }

    /// Whether the lock was merely held elsewhere for too long.
    #[must_use]
    pub fn is_timeout(&self) -> bool {
        matches!(self, Self::Timeout { .. })
    }
}

/// The sentence, as in `Display`: it is what a `main` that returns the error, or an `unwrap`, shows.
impl fmt::Debug for LockError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// A timeout becomes the kind [`io::ErrorKind::TimedOut`], or [`io::ErrorKind::WouldBlock`] where
/// the timeout was 0; trouble keeps the kind that the operating system gave it.
impl From<LockError> for io::Error {
    fn from(error: LockError) -> Self {
        let kind = match &error {
            LockError::Timeout { waited: Duration::ZERO, .. } => io::ErrorKind::WouldBlock,
            LockError::Timeout { .. } => io::ErrorKind::TimedOut,
            LockError::Reentrant { .. } | LockError::Order { .. } | LockError::Deadlock { .. } => {
                io::ErrorKind::Deadlock
            }
            LockError::Name { .. } | LockError::NotAFile { .. } => io::ErrorKind::InvalidInput,
            LockError::Io { error, .. } => error.kind(),
            LockError::Unsupported { .. } => io::ErrorKind::Unsupported,
            LockError::Forked { .. }
            | LockError::DefaultAlreadySet { .. }
            | LockError::Engine { .. }
            | LockError::Lost { .. } => io::ErrorKind::Other,
        };
        Self::new(kind, error)
    }
}

/// The sentence of a timeout, which differs where nothing was waited for.
struct TimeoutText<'a> {
    name: &'a LockName,
    location: &'a str,
    waited: Duration,
    holder: Option<&'a Holder>,
    blocked_on: Option<&'a str>,
}

impl fmt::Display for TimeoutText<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { name, location, waited, holder, blocked_on } = self;
        if waited.is_zero() {
            write!(f, "lock `{name}` ({location}) is already held, and the timeout is 0")?;
        } else {
            let waited = Tenths(*waited);
            write!(f, "timed out after {waited} waiting for lock `{name}` ({location})")?;
        }
        if let Some(blocked_on) = blocked_on {
            write!(f, ": {blocked_on}")?;
        }
        match holder {
            None => Ok(()),
            Some(holder) => match holder.held_for() {
                Some(held_for) => write!(f, ": held for {} by {holder}", Tenths(held_for)),
                None => write!(f, ": held by {holder}"),
            },
        }
    }
}

/// A duration in tenths of a second, which is as much as anybody reads, or in milliseconds where
/// it is shorter.
struct Tenths(Duration);

impl fmt::Display for Tenths {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let seconds = (self.0.as_secs_f64() * 10.0).round() / 10.0;
        if seconds > 0.0 {
            write!(f, "{seconds} s")
        } else {
            write!(f, "{} ms", self.0.as_millis().max(1))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name() -> LockName {
        LockName::declared("invoice_saved", "errors", 0)
    }

    fn timeout(waited: Duration) -> LockError {
        LockError::Timeout {
            name: Box::new(name()),
            location: "/srv/locks/invoice_saved.lock".to_owned(),
            waited,
            holder: None,
            blocked_on: None,
        }
    }

    #[test]
    fn a_timeout_says_what_where_and_how_long() {
        assert_eq!(
            timeout(Duration::from_millis(10_012)).to_string(),
            "timed out after 10 s waiting for lock `invoice_saved` (/srv/locks/invoice_saved.lock)"
        );
        assert!(timeout(Duration::from_micros(7_400)).to_string().contains("after 7 ms"));
        assert!(timeout(Duration::ZERO).to_string().contains("the timeout is 0"));
    }

    #[test]
    fn an_error_that_leaves_main_is_the_same_sentence() {
        let error = timeout(Duration::from_secs(1));
        assert_eq!(format!("{error:?}"), error.to_string());
    }

    #[test]
    fn a_timeout_becomes_an_io_error_that_says_whether_anybody_waited() {
        for (waited, kind) in [
            (Duration::from_secs(1), io::ErrorKind::TimedOut),
            (Duration::ZERO, io::ErrorKind::WouldBlock),
        ] {
            let error = io::Error::from(timeout(waited));
            assert_eq!(error.kind(), kind);
            assert!(error.to_string().contains("invoice_saved"));
        }
    }

    #[test]
    fn every_error_is_one_line_and_becomes_an_io_error_of_its_kind() {
        use io::ErrorKind::{Deadlock, InvalidInput, Other, StorageFull, Unsupported};
        let (boxed, site) = (|| Box::new(name()), Site::here());
        let (location, path) = (|| "/srv/locks".to_owned(), || PathBuf::from("/srv/locks/x.lock"));
        let (what, remedy, why) = ("a shared lock", "ask for another", "the server went away");
        let all = [
            (
                LockError::Reentrant { name: boxed(), requested_at: site, held_at: site, remedy },
                Deadlock,
            ),
            (
                LockError::Order {
                    name: boxed(),
                    requested_at: site,
                    held: boxed(),
                    held_at: site,
                    remedy,
                },
                Deadlock,
            ),
            (LockError::Deadlock { name: boxed(), location: location() }, Deadlock),
            (LockError::Name { name: String::new(), reason: why.to_owned() }, InvalidInput),
            (LockError::NotAFile { path: path(), found: "a folder" }, InvalidInput),
            (
                LockError::Io { operation: "open", path: path(), error: StorageFull.into() },
                StorageFull,
            ),
            (LockError::Unsupported { what, location: location(), remedy }, Unsupported),
            (
                LockError::Engine {
                    operation: why.to_owned(),
                    location: location(),
                    error: why.into(),
                },
                Other,
            ),
            (LockError::Lost { name: boxed(), location: location(), why: why.to_owned() }, Other),
            (
                LockError::Forked { name: name(), location: location(), opened_by: 7, here: 8 },
                Other,
            ),
            (LockError::DefaultAlreadySet { location: location() }, Other),
        ];
        for (error, kind) in all {
            let text = error.to_string();
            assert!(!text.contains('\n') && !text.contains("  "), "{text}");
            let error = io::Error::from(error);
            assert_eq!((error.kind(), error.to_string()), (kind, text));
        }
    }

    #[test]
    fn an_error_can_cross_threads_and_be_boxed() {
        fn check<T: Send + Sync + 'static>() {}
        check::<LockError>();
    }
}
