//! [`Status`]: how a lock stands.

use std::fmt;

use crate::holder::Holder;
use crate::name::LockName;

/// How a lock stands, as [`Locks::list`](crate::Locks::list) or
/// [`Lock::status`](crate::Lock::status) has found it.
///
/// It is for people: by the time it is read, the lock may have changed hands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Status {
    name: String,
    state: State,
    holder: Option<Box<Holder>>,
    waiting: Option<usize>,
    token: Option<u64>,
    abandoned: Option<Box<Holder>>,
}

/// Who has a lock. What is not known is told apart from what is not so.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum State {
    /// Nobody.
    Free,
    /// One writer.
    Writer,
    /// Readers: so many, where that is known.
    Readers(Option<usize>),
    /// No writer; readers would not be seen from here.
    NoWriter,
    /// It cannot be seen from here.
    Unknown,
}

impl Status {
    /// What an engine knows of the lock `name`, as it calls it; the rest is not known.
    #[must_use]
    pub fn new(name: impl Into<String>, state: State) -> Self {
        let name = name.into();
        Self { name, state, holder: None, waiting: None, token: None, abandoned: None }
    }

    /// The same, held by `holder`.
    #[must_use]
    pub fn held_by(self, holder: Option<Box<Holder>>) -> Self {
        Self { holder, ..self }
    }

    /// The same, with so many who wait.
    #[must_use]
    pub fn waited_for_by(self, waiting: Option<usize>) -> Self {
        Self { waiting, ..self }
    }

    /// The same, with the last token that is known.
    #[must_use]
    pub fn with_token(self, token: Option<u64>) -> Self {
        Self { token, ..self }
    }

    /// The same, abandoned by `holder`.
    #[must_use]
    pub fn abandoned_by(self, holder: Option<Box<Holder>>) -> Self {
        Self { abandoned: holder, ..self }
    }

    /// The same, held by this process, which knows better.
    pub(crate) fn held_here(
        self,
        state: State,
        holder: Option<Box<Holder>>,
        token: Option<u64>,
    ) -> Self {
        // A writer has been told already.
        let abandoned = self.abandoned.filter(|_| state != State::Writer);
        Self { state, holder, token, abandoned, ..self }
    }

    /// The lock's name as it stands there: somebody else's may be no [`LockName`].
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The name to ask for the lock with, if it is one.
    #[must_use]
    pub fn lock_name(&self) -> Option<LockName> {
        LockName::new(&*self.name).ok()
    }

    /// Who has the lock.
    #[must_use]
    pub fn state(&self) -> State {
        self.state
    }

    /// Who holds the lock, where that is certain; one of them, where they are readers.
    #[must_use]
    pub fn holder(&self) -> Option<&Holder> {
        self.holder.as_deref()
    }

    /// How many wait for the lock, where that is known. Those of another process count as one.
    #[must_use]
    pub fn waiting(&self) -> Option<usize> {
        self.waiting
    }

    /// The greatest [token](crate::LockGuard::token) that is known to have been given out.
    #[must_use]
    pub fn token(&self) -> Option<u64> {
        self.token
    }

    /// Who died with the lock, which the next holder will be
    /// [told](crate::LockGuard::abandoned).
    #[must_use]
    pub fn abandoned(&self) -> Option<&Holder> {
        self.abandoned.as_deref()
    }
}

impl State {
    /// Whether somebody has the lock, as far as that is known.
    #[must_use]
    pub fn is_held(self) -> bool {
        matches!(self, Self::Writer | Self::Readers(_))
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
            Self::NoWriter => f.write_str("no writer"),
            Self::Unknown => f.write_str("unknown"),
        }
    }
}
