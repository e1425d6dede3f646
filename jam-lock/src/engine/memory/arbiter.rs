//! Who of those that ask for one name has it, and what they leave behind.

use std::collections::VecDeque;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use crate::engine::Mode;
use crate::holder::Holder;
use crate::name::LockName;
use crate::site::Site;
use crate::status::{State, Status};

/// One name.
#[derive(Debug, Default)]
pub(super) struct Arbiter {
    name: Mutex<Name>,
    changed: Condvar,
}

/// What is known of it, under the arbiter's mutex.
#[derive(Debug, Default)]
pub(super) struct Name {
    writer: bool,
    readers: usize,
    /// First come, first served; those who were served are there until they have come for it.
    waits: VecDeque<Wait>,
    tickets: u64,
    /// The greatest token that is known to have been given to a writer.
    pub(super) token: u64,
    /// The writer that was made known, if any was.
    pub(super) known: Option<Known>,
    /// The first who left the lock abandoned, until somebody has recovered.
    pub(super) abandoned: Option<Box<Holder>>,
}

#[derive(Debug)]
struct Wait {
    ticket: u64,
    mode: Mode,
    is_served: bool,
}

/// A writer, as others are told of it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Known {
    pub(super) site: Site,
    pub(super) since: Instant,
    pub(super) token: u64,
}

impl Arbiter {
    /// One whose tokens go on from `token`.
    pub(super) fn starting_from(token: u64) -> Self {
        Self { name: Mutex::new(Name { token, ..Name::default() }), ..Self::default() }
    }

    pub(super) fn lock(&self) -> MutexGuard<'_, Name> {
        self.name.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Blocks until `ticket` is served, or was called off: then it is `false`.
    pub(super) fn wait(&self, ticket: u64) -> bool {
        let mut name = self.lock();
        loop {
            match name.waits.iter().find(|wait| wait.ticket == ticket) {
                Some(wait) if !wait.is_served => {}
                wait => return wait.is_some(),
            }
            name = self.changed.wait(name).unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// Does something after which others may be served, and tells them.
    pub(super) fn change(&self, change: impl FnOnce(&mut Name)) {
        let mut name = self.lock();
        change(&mut name);
        name.serve();
        self.changed.notify_all();
    }
}

impl Name {
    /// Takes the lock, if it is free and nobody has come before.
    pub(super) fn try_acquire(&mut self, mode: Mode) -> bool {
        let is_free = self.has_room(mode) && self.waits.iter().all(|wait| wait.is_served);
        if is_free {
            self.take(mode);
        }
        is_free
    }

    /// Queues up, with a ticket to wait with.
    pub(super) fn queue(&mut self, mode: Mode) -> u64 {
        self.tickets += 1;
        let ticket = self.tickets;
        self.waits.push_back(Wait { ticket, mode, is_served: false });
        ticket
    }

    /// Ends a wait, and tells whether it has the lock, which is then the caller's.
    pub(super) fn collect(&mut self, ticket: u64) -> bool {
        let at = self.waits.iter().position(|wait| wait.ticket == ticket);
        at.and_then(|at| self.waits.remove(at)).is_some_and(|wait| wait.is_served)
    }

    pub(super) fn release(&mut self, mode: Mode) {
        match mode {
            Mode::Exclusive => self.writer = false,
            Mode::Shared => self.readers -= 1,
        }
    }

    /// The writer that was made known.
    pub(super) fn holder(&self) -> Option<Box<Holder>> {
        let Known { site, since, token } = self.known?;
        Some(Box::new(Holder::in_this_process(&site, since, token)))
    }

    /// How it stands.
    pub(super) fn status(&self, name: &LockName) -> Status {
        let state = match self.readers {
            _ if self.writer => State::Writer,
            0 => State::Free,
            readers => State::Readers(Some(readers)),
        };
        let waiting = self.waits.iter().filter(|wait| !wait.is_served).count();
        Status::new(name.as_str(), state)
            .held_by(self.holder())
            .waited_for_by(Some(waiting))
            .with_token(Some(self.token).filter(|token| *token > 0))
            .abandoned_by(self.abandoned.clone())
    }

    fn serve(&mut self) {
        while let Some(at) = self.waits.iter().position(|wait| !wait.is_served) {
            let mode = self.waits[at].mode;
            if !self.has_room(mode) {
                return;
            }
            self.take(mode);
            self.waits[at].is_served = true;
        }
    }

    fn has_room(&self, mode: Mode) -> bool {
        !self.writer && (mode == Mode::Shared || self.readers == 0)
    }

    fn take(&mut self, mode: Mode) {
        match mode {
            Mode::Exclusive => self.writer = true,
            Mode::Shared => self.readers += 1,
        }
    }
}
