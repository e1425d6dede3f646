//! [`Status`]: the state of a lock, its holder, and how many wait for it.

mod permits;

use std::fmt;

use crate::holder::Holder;
use crate::last_run::LastRun;
use crate::name::LockName;

/// The status of a lock, as [`Locks::list`](crate::Locks::list) or
/// [`Lock::status`](crate::Lock::status) found it.
///
/// It is for people: by the time they read it, the lock may have changed hands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Status {
    name: String,
    state: State,
    holder: Option<Box<Holder>>,
    waiting: Option<usize>,
    token: Option<u64>,
    abandoned: Option<Box<Holder>>,
    unreleased: Option<Box<Holder>>,
    permits: Vec<Self>,
    /// How many permits the last recorded holder has, which may not be the one that holds the lock.
    recorded_permits: Option<u16>,
    last_run: Option<Box<LastRun>>,
}

/// Whether a lock is held, and in which mode, as far as that is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum State {
    /// The lock is free.
    Free,
    /// A writer holds it.
    Writer,
    /// Readers hold it; their number, if it is known.
    Readers(Option<usize>),
    /// So many of its [permits](LockName::with_permits) are held, and at least one.
    Permits {
        /// How many are held.
        held: usize,
        /// How many there are.
        of: usize,
    },
    /// No writer holds it; readers would not be seen from here.
    NoWriter,
    /// The state cannot be seen from here.
    Unknown,
}

impl Status {
    /// The status of the lock that the engine calls `name`; the rest is unknown.
    #[must_use]
    pub fn new(name: impl Into<String>, state: State) -> Self {
        let name = name.into();
        Self {
            name,
            state,
            holder: None,
            waiting: None,
            token: None,
            abandoned: None,
            unreleased: None,
            permits: Vec::new(),
            recorded_permits: None,
            last_run: None,
        }
    }

    /// The same status, with this holder.
    #[must_use]
    pub fn held_by(self, holder: Option<Box<Holder>>) -> Self {
        Self { holder, ..self }
    }

    /// The same status, with this many waiters.
    #[must_use]
    pub fn waited_for_by(self, waiting: Option<usize>) -> Self {
        Self { waiting, ..self }
    }

    /// The same status, with the last known token.
    #[must_use]
    pub fn with_token(self, token: Option<u64>) -> Self {
        Self { token, ..self }
    }

    /// The same status, abandoned by `holder`.
    #[must_use]
    pub fn abandoned_by(self, holder: Option<Box<Holder>>) -> Self {
        Self { abandoned: holder, ..self }
    }

    /// The same status, not released by `holder`, which does not have the lock that this is about.
    #[must_use]
    pub fn unreleased_by(self, holder: Option<Box<Holder>>) -> Self {
        Self { unreleased: holder, ..self }
    }

    /// The same status, with the last run that ended well.
    #[must_use]
    pub fn with_last_run(self, last_run: Option<LastRun>) -> Self {
        Self { last_run: last_run.map(Box::new), ..self }
    }

    /// The same status, with the number of permits that the last recorded holder has.
    pub(crate) fn with_recorded_permits(self, recorded_permits: Option<u16>) -> Self {
        Self { recorded_permits, ..self }
    }

    /// The same status, with what this process knows because it holds the lock.
    pub(crate) fn held_here(
        self,
        state: State,
        holder: Option<Box<Holder>>,
        token: Option<u64>,
    ) -> Self {
        // A writer here has already learned of what was there before.
        let abandoned = self.abandoned.filter(|_| state != State::Writer);
        let unreleased = self.unreleased.filter(|_| state != State::Writer);
        Self { state, holder, token, abandoned, unreleased, ..self }
    }

    /// The lock's name, as it was found; a name that another program made may not be a [`LockName`].
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The name to acquire the lock with, if it is a valid one; with its permits, as far as they are known.
    #[must_use]
    pub fn lock_name(&self) -> Option<LockName> {
        let permits = u32::try_from(self.permits.len().max(1)).ok()?;
        LockName::new(&*self.name).ok()?.with_permits(permits).ok()
    }

    /// The status of each [permit](LockName::with_permits), in their order; empty if the lock has only one,
    /// or is free and not known to have more.
    ///
    /// Elsewhere, the status has the first of the holders, and the greatest token. Each permit has holders
    /// and tokens of its own.
    #[must_use]
    pub fn permits(&self) -> &[Self] {
        &self.permits
    }

    /// Whether the lock is held, and in which mode.
    #[must_use]
    pub fn state(&self) -> State {
        self.state
    }

    /// The holder, if it is certain; one of them, if they are readers.
    #[must_use]
    pub fn holder(&self) -> Option<&Holder> {
        self.holder.as_deref()
    }

    /// How many wait for the lock, if that is known. Waiters of another process count as one.
    #[must_use]
    pub fn waiting(&self) -> Option<usize> {
        self.waiting
    }

    /// The greatest known [token](crate::LockGuard::token) so far.
    #[must_use]
    pub fn token(&self) -> Option<u64> {
        self.token
    }

    /// The holder that died while holding the lock, which the next holder
    /// [learns](crate::LockGuard::abandoned).
    #[must_use]
    pub fn abandoned(&self) -> Option<&Holder> {
        self.abandoned.as_deref()
    }

    /// The recorded holder that lives and has not released the lock, although it is free or held by another
    /// one: see [`LockGuard::unreleased`](crate::LockGuard::unreleased).
    #[must_use]
    pub fn unreleased(&self) -> Option<&Holder> {
        self.unreleased.as_deref()
    }

    /// The last run that ended well, for a job that runs [at most every](crate::Lock::at_most_every) so often.
    #[must_use]
    pub fn last_run(&self) -> Option<&LastRun> {
        self.last_run.as_deref()
    }
}

impl State {
    /// Whether the lock is held, as far as that is known.
    #[must_use]
    pub fn is_held(self) -> bool {
        matches!(self, Self::Writer | Self::Readers(_) | Self::Permits { .. })
    }
}

impl fmt::Display for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Free => f.write_str("free"),
            Self::Writer => f.write_str("writer"),
            Self::Readers(Some(1)) => f.write_str("1 reader"),
            Self::Readers(Some(count)) => write!(f, "{count} readers"),
            Self::Readers(None) => f.write_str("readers"),
            Self::Permits { held, of } => write!(f, "{held}/{of}"),
            Self::NoWriter => f.write_str("no writer"),
            Self::Unknown => f.write_str("unknown"),
        }
    }
}
