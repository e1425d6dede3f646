//! The ways to take a lock that are compared.

mod flock;
mod jam_lock;
mod peers;
mod threaded;

use std::error::Error;
use std::path::Path;
use std::time::Duration;

/// Longer than any wait here, so that it never ends one.
const TIMEOUT: Duration = Duration::from_secs(60);

/// What a measurement can end with.
pub(crate) type Outcome<T = ()> = Result<T, Box<dyn Error>>;

/// A lock, opened, that runs code while it is held.
pub(crate) trait Section {
    /// Acquires the lock, runs `inside`, and releases.
    fn run(&mut self, inside: &mut dyn FnMut()) -> Outcome;
}

/// A way to take a lock.
#[derive(Clone, Copy)]
pub(crate) struct Contender {
    /// What it is called, in the tables and as the file that it locks.
    pub(crate) name: &'static str,
    open: fn(&Path) -> Outcome<Box<dyn Section>>,
}

/// What the others are compared with: the system calls that jam-lock makes, without a timeout.
pub(crate) const REFERENCE: &str = "flock + path check";

/// All of them; those that say *timed* can end a wait, and did wait with a timeout.
pub(crate) const ALL: [Contender; 10] = [
    Contender { name: "flock", open: flock::bare },
    Contender { name: REFERENCE, open: flock::checked },
    Contender { name: "flock + path check on a thread, timed", open: threaded::open },
    Contender { name: "jam-lock, timed", open: jam_lock::open },
    Contender { name: "std", open: peers::std },
    Contender { name: "fd-lock", open: peers::fd_lock },
    Contender { name: "fslock", open: peers::fslock },
    Contender { name: "named-lock", open: peers::named_lock },
    Contender { name: "filelock (Rust)", open: peers::filelock },
    Contender { name: "filelock (Rust), timed", open: peers::filelock_timed },
];

impl Contender {
    /// The contender that is called `name`.
    pub(crate) fn named(name: &str) -> Outcome<Self> {
        let found = ALL.into_iter().find(|contender| contender.name == name);
        found.ok_or_else(|| format!("no contender is called `{name}`").into())
    }

    /// Opens a lock of this contender's own in `folder`.
    pub(crate) fn open(self, folder: &Path) -> Outcome<Box<dyn Section>> {
        (self.open)(&folder.join(self.name))
    }
}
