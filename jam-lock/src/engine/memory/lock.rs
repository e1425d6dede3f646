//! [`MemoryLock`]: the lock of one name, with its holders, waits, token and abandonment.

use std::collections::VecDeque;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use super::last_run::RecordedRun;
use crate::engine::Mode;
use crate::holder::Holder;
use crate::name::LockName;
use crate::site::Site;
use crate::status::{State, Status};

/// The lock of one name.
#[derive(Debug, Default)]
pub(super) struct MemoryLock {
    state: Mutex<LockState>,
    changed: Condvar,
}

/// The state of a lock, under its mutex.
#[derive(Debug, Default)]
pub(super) struct LockState {
    has_writer: bool,
    readers: usize,
    /// Served first come, first served. A wait that was granted stays until it is taken.
    waits: VecDeque<QueuedWait>,
    last_wait: u64,
    /// The greatest token that was given to a writer.
    pub(super) token: u64,
    /// The writer that is recorded as the holder, if any.
    pub(super) recorded: Option<RecordedWriter>,
    /// The first holder that left the lock abandoned, if no writer has recovered since.
    pub(super) abandoned_by: Option<Box<Holder>>,
    /// The last run that ended well, if any.
    pub(super) last_run: Option<Box<RecordedRun>>,
}

#[derive(Debug)]
struct QueuedWait {
    id: u64,
    mode: Mode,
    is_granted: bool,
}

/// A writer, as it is recorded.
#[derive(Clone, Copy, Debug)]
pub(super) struct RecordedWriter {
    pub(super) site: Site,
    pub(super) since: Instant,
    pub(super) token: u64,
}

impl MemoryLock {
    /// A lock whose tokens continue after `token`.
    pub(super) fn with_token(token: u64) -> Self {
        Self { state: Mutex::new(LockState { token, ..LockState::default() }), ..Self::default() }
    }

    pub(super) fn lock(&self) -> MutexGuard<'_, LockState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Blocks until the wait is granted; `false` if it was cancelled.
    pub(super) fn wait(&self, id: u64) -> bool {
        let mut state = self.lock();
        loop {
            match state.waits.iter().find(|wait| wait.id == id) {
                Some(wait) if !wait.is_granted => {}
                wait => return wait.is_some(),
            }
            state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// Changes the state, and grants the waits that can be granted then.
    pub(super) fn update(&self, change: impl FnOnce(&mut LockState)) {
        let mut state = self.lock();
        change(&mut state);
        state.grant();
        self.changed.notify_all();
    }
}

impl LockState {
    /// Acquires the lock, if it is free and there is no earlier wait.
    pub(super) fn try_acquire(&mut self, mode: Mode) -> bool {
        let is_free = self.is_compatible(mode) && self.waits.iter().all(|wait| wait.is_granted);
        if is_free {
            self.acquire(mode);
        }
        is_free
    }

    /// Appends a wait to the queue, and returns its id.
    pub(super) fn enqueue(&mut self, mode: Mode) -> u64 {
        self.last_wait += 1;
        let id = self.last_wait;
        self.waits.push_back(QueuedWait { id, mode, is_granted: false });
        id
    }

    /// Removes a wait; `true` if it was granted, and the lock is now the caller's.
    pub(super) fn take(&mut self, id: u64) -> bool {
        let at = self.waits.iter().position(|wait| wait.id == id);
        at.and_then(|at| self.waits.remove(at)).is_some_and(|wait| wait.is_granted)
    }

    pub(super) fn release(&mut self, mode: Mode) {
        match mode {
            Mode::Exclusive => self.has_writer = false,
            Mode::Shared => self.readers -= 1,
        }
    }

    /// The recorded holder.
    pub(super) fn holder(&self) -> Option<Box<Holder>> {
        let RecordedWriter { site, since, token } = self.recorded?;
        Some(Box::new(Holder::in_this_process(&site, since, token)))
    }

    /// The status of the lock, whose name is `name`.
    pub(super) fn status(&self, name: &LockName) -> Status {
        let state = match self.readers {
            _ if self.has_writer => State::Writer,
            0 => State::Free,
            readers => State::Readers(Some(readers)),
        };
        let waiting = self.waits.iter().filter(|wait| !wait.is_granted).count();
        Status::new(name.as_str(), state)
            .held_by(self.holder())
            .waited_for_by(Some(waiting))
            .with_token(Some(self.token).filter(|token| *token > 0))
            .abandoned_by(self.abandoned_by.clone())
            .with_last_run(self.last_run.as_ref().and_then(|run| run.to_last_run()))
    }

    /// Grants the waits at the head of the queue, as long as they are compatible.
    fn grant(&mut self) {
        while let Some(at) = self.waits.iter().position(|wait| !wait.is_granted) {
            let mode = self.waits[at].mode;
            if !self.is_compatible(mode) {
                return;
            }
            self.acquire(mode);
            self.waits[at].is_granted = true;
        }
    }

    fn is_compatible(&self, mode: Mode) -> bool {
        !self.has_writer && (mode == Mode::Shared || self.readers == 0)
    }

    fn acquire(&mut self, mode: Mode) {
        match mode {
            Mode::Exclusive => self.has_writer = true,
            Mode::Shared => self.readers += 1,
        }
    }
}
