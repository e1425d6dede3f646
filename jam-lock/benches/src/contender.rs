//! The ways to take a lock that are compared.

#![expect(clippy::disallowed_methods, reason = "the bare calls are what is compared with")]

use std::error::Error;
use std::fs::{self, File};
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::{self, Receiver, Sender};
use std::thread;
use std::time::Duration;

use jam_lock::{Lock, LockGuard, LockName, Locks};

/// Longer than any wait here, so that it never ends one.
const TIMEOUT: Duration = Duration::from_secs(60);

/// A way to take a lock.
#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Contender {
    /// `flock(2)`, which cannot time out.
    Flock,
    /// `flock(2)`, and a look whether the path still names the file, as jam-lock takes one.
    CheckedFlock,
    /// The same on a thread of its own, which tells the one that waits: the least that a wait with
    /// a timeout can be made of without signals.
    ThreadedFlock,
    /// This library, with a timeout.
    JamLock,
}

impl Contender {
    pub(crate) const ALL: [Self; 4] =
        [Self::Flock, Self::CheckedFlock, Self::ThreadedFlock, Self::JamLock];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Flock => "flock",
            Self::CheckedFlock => "flock + path check",
            Self::ThreadedFlock => "flock + path check on a thread",
            Self::JamLock => "jam-lock, timed",
        }
    }

    pub(crate) fn named(name: &str) -> Result<Self, Box<dyn Error>> {
        let found = Self::ALL.into_iter().find(|contender| contender.name() == name);
        found.ok_or_else(|| format!("no contender is called `{name}`").into())
    }

    /// Opens a lock of this contender's own in `folder`.
    pub(crate) fn open(self, folder: &Path) -> Result<Opened, Box<dyn Error>> {
        if self == Self::JamLock {
            let lock = Locks::open(folder)?.lock(LockName::new(self.name())?);
            return Ok(Opened::JamLock(lock.timeout(TIMEOUT)));
        }
        let path = folder.join(self.name());
        let file =
            File::options().read(true).write(true).create(true).truncate(false).open(&path)?;
        let flock = Flock { file, path, checked: self != Self::Flock };
        Ok(if self == Self::ThreadedFlock { Opened::threaded(flock) } else { Opened::Flock(flock) })
    }
}

/// An opened lock.
pub(crate) enum Opened {
    Flock(Flock),
    Threaded { flock: Arc<Flock>, orders: Sender<()>, answers: Receiver<()> },
    JamLock(Lock),
}

/// A lock, held; dropping it releases.
pub(crate) enum Held<'a> {
    Flock(&'a Flock),
    JamLock { _guard: LockGuard },
}

impl Opened {
    fn threaded(flock: Flock) -> Self {
        let flock = Arc::new(flock);
        let (orders, inbox) = mpsc::channel();
        let (outbox, answers) = mpsc::channel();
        let locked = Arc::clone(&flock);
        thread::spawn(move || {
            while inbox.recv().is_ok() {
                locked.lock().expect("a local file can be locked");
                if outbox.send(()).is_err() {
                    return;
                }
            }
        });
        Self::Threaded { flock, orders, answers }
    }

    pub(crate) fn acquire(&self) -> Result<Held<'_>, Box<dyn Error>> {
        match self {
            Self::JamLock(lock) => Ok(Held::JamLock { _guard: lock.acquire()? }),
            Self::Flock(flock) => {
                flock.lock()?;
                Ok(Held::Flock(flock))
            }
            Self::Threaded { flock, orders, answers } => {
                orders.send(())?;
                answers.recv_timeout(TIMEOUT)?;
                Ok(Held::Flock(flock))
            }
        }
    }
}

/// A file to be locked.
pub(crate) struct Flock {
    file: File,
    path: PathBuf,
    checked: bool,
}

impl Flock {
    fn lock(&self) -> io::Result<()> {
        fs2::FileExt::lock_exclusive(&self.file)?;
        if self.checked {
            let (open, named) = (self.file.metadata()?, fs::symlink_metadata(&self.path)?);
            assert_eq!((open.dev(), open.ino()), (named.dev(), named.ino()));
        }
        Ok(())
    }
}

impl Drop for Held<'_> {
    fn drop(&mut self) {
        if let Self::Flock(flock) = self {
            fs2::FileExt::unlock(&flock.file).expect("an open file can be unlocked");
        }
    }
}
