//! A lock file that processes share, as `flock(2)` documents it, with a record beside it; and an
//! oracle that sees its holders, whatever the gates believe.

use std::sync::PoisonError;

use shuttle::sync::{Condvar, Mutex, MutexGuard};

use crate::engine::{Mode, OwnerId, Recorded};
use crate::gate::Outcome;

#[derive(Default)]
pub(super) struct SharedFile {
    contents: Mutex<Contents>,
    unlocked: Condvar,
}

#[derive(Default)]
pub(super) struct Contents {
    pub(super) processes: usize,
    owners: u64,
    /// The open files that have the lock: a process has one for each mode.
    locked: Vec<(usize, Mode)>,
    /// How many waits of engines are in progress.
    pub(super) waits: usize,
    /// The processes that wait as writers.
    waiting_writers: Vec<usize>,
    writers: usize,
    readers: usize,
    /// The token of the first writer that died with the lock or left it abandoned, until one has
    /// left it clean.
    first_death: Option<u64>,
    /// The recorded holder, and the recorded first holder that died, by their tokens.
    pub(super) record: (Option<u64>, Option<u64>),
    pub(super) written_token: u64,
    /// The token of the last writer.
    token: u64,
}

impl SharedFile {
    /// The number of the next process.
    pub(super) fn next_process(&self) -> usize {
        self.contents().processes + 1
    }

    /// An owner that has other locks.
    pub(super) fn next_owner(&self) -> OwnerId {
        let mut contents = self.contents();
        contents.owners += 1;
        OwnerId(contents.owners)
    }

    /// Ends process `number`, which has one thread, while that holds the lock as a writer.
    pub(super) fn die(&self, number: usize) {
        let mut contents = self.contents();
        contents.writers -= 1;
        contents.first_death = contents.first_death.or(Some(contents.token));
        contents.locked.retain(|locked| locked.0 != number);
        drop(contents);
        self.unlocked.notify_all();
    }

    /// Notes a new holder, and checks what it learned.
    pub(super) fn enter(&self, mode: Mode, recorded: &Recorded) {
        let mut contents = self.contents();
        match mode {
            Mode::Exclusive => contents.writers += 1,
            Mode::Shared => contents.readers += 1,
        }
        let (writers, readers) = (contents.writers, contents.readers);
        assert!(writers + readers.min(1) < 2, "{writers} writers and {readers} readers are inside");
        let found = recorded.abandoned_by.as_ref().map(|holder| holder.token);
        assert_eq!(found, contents.first_death.map(Some), "the first holder that died");
        assert!(recorded.token > contents.token, "the token does not rise");
        if mode == Mode::Exclusive {
            contents.token = recorded.token;
        }
    }

    /// Notes that a holder is about to release the lock.
    pub(super) fn leave(&self, mode: Mode, outcome: Outcome) {
        let mut contents = self.contents();
        match mode {
            Mode::Exclusive => {
                contents.writers -= 1;
                contents.first_death = match outcome {
                    Outcome::Clean => None,
                    Outcome::Abandoned => contents.first_death.or(Some(contents.token)),
                };
            }
            Mode::Shared => contents.readers -= 1,
        }
    }

    /// Whether the record is correct, while no one holds the lock.
    pub(super) fn has_correct_record(&self) -> bool {
        let contents = self.contents();
        let (holder, died) = contents.record;
        died.or(holder) == contents.first_death
    }

    pub(super) fn has_waits(&self) -> bool {
        self.contents().waits > 0
    }

    /// Whether no open file has the lock.
    pub(super) fn is_free(&self) -> bool {
        self.contents().locked.is_empty()
    }

    pub(super) fn contents(&self) -> MutexGuard<'_, Contents> {
        self.contents.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn try_lock(&self, process: usize, mode: Mode) -> bool {
        self.contents().try_lock(process, mode)
    }

    pub(super) fn lock(&self, process: usize, mode: Mode) {
        let mut contents = self.contents();
        if mode == Mode::Exclusive {
            contents.waiting_writers.push(process);
        }
        while !contents.try_lock(process, mode) {
            contents = self.unlocked.wait(contents).unwrap_or_else(PoisonError::into_inner);
        }
        if mode == Mode::Exclusive {
            let at = contents.waiting_writers.iter().position(|waiting| *waiting == process);
            contents.waiting_writers.swap_remove(at.expect("it has waited"));
        }
    }

    pub(super) fn has_waiting_writer(&self, besides: usize) -> bool {
        self.contents().waiting_writers.iter().any(|waiting| *waiting != besides)
    }

    pub(super) fn unlock(&self, process: usize, mode: Mode) {
        self.contents().locked.retain(|locked| *locked != (process, mode));
        self.unlocked.notify_all();
    }
}

impl Contents {
    /// Locking an open file that already has the lock changes nothing.
    fn try_lock(&mut self, process: usize, mode: Mode) -> bool {
        let file = (process, mode);
        let is_in_the_way = |other: &(usize, Mode)| {
            *other != file && (mode == Mode::Exclusive || other.1 == Mode::Exclusive)
        };
        if self.locked.iter().any(is_in_the_way) {
            return false;
        }
        if !self.locked.contains(&file) {
            self.locked.push(file);
        }
        true
    }
}
