//! Which connections there are, and which call chain each is for.

use std::pin::pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

use super::session::Session;
use super::wakers;
use crate::engine::OwnerId;

/// The connections of a process for those who hold or want locks.
pub(super) struct Roster {
    limit: usize,
    state: Mutex<State>,
    /// Told when a session may have become free, or is used.
    changed: Notify,
}

#[derive(Default)]
struct State {
    entries: Vec<Entry>,
    opening: usize,
}

struct Entry {
    session: Arc<Session>,
    /// Whose locks it has, if it has any.
    owner: OwnerId,
    held: usize,
    /// Whether somebody waits for an answer that may not come for long.
    is_busy: bool,
}

impl Entry {
    fn is_in_use(&self) -> bool {
        self.held > 0 || self.is_busy
    }
}

/// What becomes of who wants a session.
enum Found {
    Session(Arc<Session>, bool),
    Room,
    Full,
}

impl Roster {
    pub(super) fn new(limit: usize) -> Self {
        Self { limit, state: Mutex::default(), changed: Notify::new() }
    }

    /// A session for `chain`: the one that has its other locks, so that the server sees circles;
    /// else a free one, or a place for a new one.
    pub(super) async fn place(self: &Arc<Self>, owner: OwnerId) -> Place {
        loop {
            // Registered before the look, so that no change is missed.
            let mut changed = pin!(self.changed.notified());
            changed.as_mut().enable();
            match self.find(owner) {
                Found::Session(session, is_pooled) => {
                    return Place::Session(Lease { roster: Arc::clone(self), session, is_pooled });
                }
                Found::Room => return Place::Room(Room(Arc::clone(self))),
                Found::Full => changed.await,
            }
        }
    }

    fn find(&self, owner: OwnerId) -> Found {
        let mut state = self.locked();
        state.entries.retain(|entry| !entry.session.is_closed());
        let is_its = |entry: &Entry| entry.held > 0 && entry.owner == owner && !entry.is_busy;
        let its = state.entries.iter().position(is_its).filter(|_| owner != OwnerId::NONE);
        // The last that was used: what was asked of it before is answered first.
        let free = || state.entries.iter().rposition(|entry| entry.held == 0 && !entry.is_busy);
        if let Some(at) = its.or_else(free) {
            let mut entry = state.entries.remove(at);
            let is_pooled = entry.held == 0;
            entry.owner = owner;
            entry.is_busy = true;
            let session = Arc::clone(&entry.session);
            state.entries.push(entry);
            drop(state);
            self.changed.notify_waiters();
            return Found::Session(session, is_pooled);
        }
        if state.entries.len() + state.opening < self.limit {
            state.opening += 1;
            return Found::Room;
        }
        Found::Full
    }

    /// Whether `chain` may have the only lock of `session` from now on: not where it has others on
    /// another session already, for then nobody could see circles.
    pub(super) fn pass(&self, session: &Arc<Session>, owner: OwnerId) -> bool {
        let mut state = self.locked();
        let is_it = |entry: &Entry| Arc::ptr_eq(&entry.session, session);
        let has_others = owner != OwnerId::NONE
            && state.entries.iter().any(|it| it.owner == owner && it.held > 0 && !is_it(it));
        let Some(entry) = state.entries.iter_mut().find(|entry| is_it(entry)) else { return false };
        if entry.owner == owner && owner != OwnerId::NONE {
            return true;
        }
        let may_pass = entry.held == 1 && !entry.is_busy && !has_others;
        if may_pass {
            entry.owner = owner;
        }
        may_pass
    }

    /// Notes that one lock of `session` was given back.
    pub(super) fn give_back(&self, session: &Arc<Session>) {
        let mut wakers = Vec::new();
        self.change(session, |entry| {
            entry.held -= 1;
            if entry.held == 0 {
                entry.owner = OwnerId::NONE;
                // Before somebody else has the session.
                wakers = session.take_wakers();
            }
        });
        // A task may end with its waker, which is for no place where something is locked.
        wakers::discard(wakers);
    }

    /// The sessions that have locks.
    pub(super) fn holding(&self) -> Vec<Arc<Session>> {
        self.sessions(|entry| entry.held > 0)
    }

    /// The sessions that have locks, and wait for none.
    pub(super) fn at_rest(&self) -> Vec<Arc<Session>> {
        self.sessions(|entry| entry.held > 0 && !entry.is_busy)
    }

    /// The sessions that have locks, or wait for one.
    pub(super) fn in_use(&self) -> Vec<Arc<Session>> {
        self.sessions(Entry::is_in_use)
    }

    /// All sessions.
    pub(super) fn all(&self) -> Vec<Arc<Session>> {
        self.sessions(|_| true)
    }

    /// Whether the server has answered anybody lately.
    pub(super) fn is_heard_of(&self) -> bool {
        self.locked().entries.iter().any(|entry| entry.session.is_heard_of())
    }

    fn sessions(&self, which: impl Fn(&Entry) -> bool) -> Vec<Arc<Session>> {
        let state = self.locked();
        let chosen = state.entries.iter().filter(|entry| which(entry));
        chosen.map(|entry| Arc::clone(&entry.session)).collect()
    }

    /// Waits until some session has locks, or waits for one.
    pub(super) async fn until_in_use(&self) {
        loop {
            let mut changed = pin!(self.changed.notified());
            changed.as_mut().enable();
            if self.locked().entries.iter().any(Entry::is_in_use) {
                return;
            }
            changed.await;
        }
    }

    /// How many locks are held.
    pub(super) fn locks_held(&self) -> usize {
        self.locked().entries.iter().map(|entry| entry.held).sum()
    }

    fn change(&self, session: &Arc<Session>, change: impl FnOnce(&mut Entry)) {
        let mut state = self.locked();
        let found = state.entries.iter_mut().find(|entry| Arc::ptr_eq(&entry.session, session));
        if let Some(entry) = found {
            change(entry);
        }
        state.entries.retain(|entry| !entry.session.is_closed());
        drop(state);
        self.changed.notify_waiters();
    }

    fn locked(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Where somebody may ask for a lock.
pub(super) enum Place {
    Session(Lease),
    Room(Room),
}

/// A place for a session that is not connected yet; it is given up by a drop.
pub(super) struct Room(Arc<Roster>);

impl Room {
    /// Fills the place.
    pub(super) fn fill(self, session: Arc<Session>, owner: OwnerId) -> Lease {
        let roster = Arc::clone(&self.0);
        let entry = Entry { session: Arc::clone(&session), owner, held: 0, is_busy: true };
        roster.locked().entries.push(entry);
        roster.changed.notify_waiters();
        Lease { roster, session, is_pooled: false }
    }
}

impl Drop for Room {
    fn drop(&mut self) {
        self.0.locked().opening -= 1;
        self.0.changed.notify_waiters();
    }
}

/// A session that nobody else asks anything that may take long.
pub(super) struct Lease {
    roster: Arc<Roster>,
    pub(super) session: Arc<Session>,
    /// Whether it was connected for somebody else, and has no locks.
    pub(super) is_pooled: bool,
}

impl Lease {
    /// Notes that one more lock is held there.
    pub(super) fn hold(self) -> Arc<Session> {
        self.roster.change(&self.session, |entry| entry.held += 1);
        Arc::clone(&self.session)
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        self.roster.change(&self.session, |entry| {
            entry.is_busy = false;
            if entry.held == 0 {
                entry.owner = OwnerId::NONE;
            }
        });
    }
}
