//! The sessions of a process, and the owner that each is assigned to.

mod checkout;

use std::pin::pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;

pub(super) use self::checkout::{Checkout, ConnectPermit, PooledSession};
use super::cancel_token::CancelToken;
use super::session::Session;
use super::{boot_time, loss_wakers};
use crate::engine::OwnerId;

/// How long a session may rest before it is closed, so that others can have its connection.
const MAX_REST: Duration = Duration::from_secs(30);

/// The sessions for the holders and the waiters of a process.
pub(super) struct Pool {
    limit: usize,
    slots: Mutex<Slots>,
    /// Notified when a session may be free, or is in use.
    changed: Notify,
}

#[derive(Default)]
struct Slots {
    connected: Vec<Slot>,
    connecting: usize,
}

struct Slot {
    session: Arc<Session>,
    /// The owner that uses its locks. A wait may end after its owner has got the lock in another way,
    /// so a lock has no owner until it is assigned to one.
    owner: OwnerId,
    held: usize,
    /// The acquisition that it is checked out for, which may take long.
    acquisition: Option<Arc<CancelToken>>,
    /// When it was last in use.
    used: Duration,
}

impl Slot {
    fn is_busy(&self) -> bool {
        self.acquisition.is_some()
    }

    fn is_in_use(&self) -> bool {
        self.held > 0 || self.is_busy()
    }

    /// Whether it is about to be returned.
    fn is_cancelled(&self) -> bool {
        self.acquisition.as_ref().is_some_and(|acquisition| acquisition.is_cancelled())
    }

    /// Whether it is of no more use. An acquisition has yet to learn which locks ended with it.
    fn is_gone(&self) -> bool {
        self.session.is_closed() && !self.is_busy()
    }
}

/// The result of looking for a session.
enum Lookup {
    Found(Arc<Session>, bool),
    MayConnect,
    MustWait,
}

impl Pool {
    pub(super) fn new(limit: usize) -> Self {
        Self { limit, slots: Mutex::default(), changed: Notify::new() }
    }

    /// Checks out a session for `owner`: the one that has its other locks, so that the server
    /// detects deadlocks; otherwise a free one, or the permit to connect one.
    pub(super) async fn check_out(
        self: &Arc<Self>,
        owner: OwnerId,
        acquisition: &Arc<CancelToken>,
    ) -> Checkout {
        loop {
            // Registered before looking, so that no change is missed.
            let mut changed = pin!(self.changed.notified());
            changed.as_mut().enable();
            match self.look_up(owner, acquisition) {
                Lookup::Found(session, is_reused) => {
                    let pool = Arc::clone(self);
                    return Checkout::Session(PooledSession::new(pool, session, is_reused));
                }
                Lookup::MayConnect => {
                    return Checkout::Connect(ConnectPermit::new(Arc::clone(self)));
                }
                Lookup::MustWait => changed.await,
            }
        }
    }

    fn look_up(&self, owner: OwnerId, acquisition: &Arc<CancelToken>) -> Lookup {
        let mut slots = self.slots();
        slots.connected.retain(|slot| !slot.is_gone());
        let is_own = |slot: &Slot| slot.held > 0 && slot.owner == owner && owner != OwnerId::NONE;
        let own = slots.connected.iter().position(|slot| is_own(slot) && !slot.is_busy());
        // On another session, the server would not see that its waits belong to the same owner.
        if own.is_none() && slots.connected.iter().any(|slot| is_own(slot) && slot.is_cancelled()) {
            return Lookup::MustWait;
        }
        // The most recently used one, whose earlier queries, such as a release of this lock, run
        // first.
        let free = || slots.connected.iter().rposition(|slot| !slot.is_in_use());
        if let Some(at) = own.or_else(free) {
            let mut slot = slots.connected.remove(at);
            let is_reused = slot.held == 0;
            slot.acquisition = Some(Arc::clone(acquisition));
            let session = Arc::clone(&slot.session);
            slots.connected.push(slot);
            drop(slots);
            self.changed.notify_waiters();
            return Lookup::Found(session, is_reused);
        }
        if slots.connected.len() + slots.connecting < self.limit {
            slots.connecting += 1;
            return Lookup::MayConnect;
        }
        Lookup::MustWait
    }

    /// Assigns the only lock of `session` to `owner`; `false` if that owner has locks on another
    /// session, because the server could not detect its deadlocks then.
    pub(super) fn reassign(&self, session: &Arc<Session>, owner: OwnerId) -> bool {
        let mut slots = self.slots();
        let is_it = |slot: &Slot| Arc::ptr_eq(&slot.session, session);
        let has_others = owner != OwnerId::NONE
            && slots.connected.iter().any(|it| it.owner == owner && it.held > 0 && !is_it(it));
        let Some(slot) = slots.connected.iter_mut().find(|slot| is_it(slot)) else { return false };
        if slot.owner == owner && owner != OwnerId::NONE {
            return true;
        }
        let may_change = slot.held == 1 && !slot.is_busy() && !has_others;
        if may_change {
            slot.owner = owner;
        }
        may_change
    }

    /// Whether `owner` has locks, and so may wait in a cycle.
    pub(super) fn has_locks(&self, owner: OwnerId) -> bool {
        let is_own =
            |slot: &Slot| slot.held > 0 && slot.owner == owner && !slot.session.is_closed();
        owner != OwnerId::NONE && self.slots().connected.iter().any(is_own)
    }

    /// Records that one lock of `session` is released.
    pub(super) fn record_release(&self, session: &Arc<Session>) {
        let mut wakers = Vec::new();
        self.update(session, |slot| {
            slot.held -= 1;
            if slot.held == 0 {
                slot.owner = OwnerId::NONE;
                // Before another owner has the session.
                wakers = session.take_wakers();
            }
        });
        // Outside the mutex, because dropping a waker may end its task.
        loss_wakers::discard(wakers);
    }

    /// The sessions that have locks.
    pub(super) fn holding(&self) -> Vec<Arc<Session>> {
        self.filtered(|slot| slot.held > 0)
    }

    /// The sessions that have locks, and wait for none.
    pub(super) fn holding_idle(&self) -> Vec<Arc<Session>> {
        self.filtered(|slot| slot.held > 0 && !slot.is_busy())
    }

    /// The sessions that wait for a lock, and have none.
    pub(super) fn waiting(&self) -> Vec<Arc<Session>> {
        self.filtered(|slot| slot.held == 0 && slot.is_busy())
    }

    /// The sessions that neither have locks nor wait for one.
    pub(super) fn unused(&self) -> Vec<Arc<Session>> {
        self.filtered(|slot| !slot.is_in_use())
    }

    /// Closes the sessions that have not been used for [`MAX_REST`].
    pub(super) fn close_unused(&self) {
        let now = boot_time::now();
        // Under the mutex, so that none is checked out in between.
        self.slots().connected.retain(|slot| {
            if !slot.is_in_use() && now.saturating_sub(slot.used) > MAX_REST {
                slot.session.close("it was not used".to_owned());
            }
            !slot.is_gone()
        });
    }

    pub(super) fn all(&self) -> Vec<Arc<Session>> {
        self.filtered(|_| true)
    }

    fn filtered(&self, filter: impl Fn(&Slot) -> bool) -> Vec<Arc<Session>> {
        let slots = self.slots();
        let chosen = slots.connected.iter().filter(|slot| filter(slot));
        chosen.map(|slot| Arc::clone(&slot.session)).collect()
    }

    /// Whether the server has responded on any session recently.
    pub(super) fn is_responsive(&self) -> bool {
        self.slots().connected.iter().any(|slot| slot.session.is_responsive())
    }

    /// Waits until there is a session.
    pub(super) async fn wait_until_connected(&self) {
        self.wait_until_any(|_| true).await;
    }

    /// Waits until a session has locks, or waits for one.
    pub(super) async fn wait_until_in_use(&self) {
        self.wait_until_any(Slot::is_in_use).await;
    }

    async fn wait_until_any(&self, filter: impl Fn(&Slot) -> bool) {
        loop {
            let mut changed = pin!(self.changed.notified());
            changed.as_mut().enable();
            if self.slots().connected.iter().any(&filter) {
                return;
            }
            changed.await;
        }
    }

    /// How many locks are held.
    pub(super) fn locks_held(&self) -> usize {
        self.slots().connected.iter().map(|slot| slot.held).sum()
    }

    fn update(&self, session: &Arc<Session>, update: impl FnOnce(&mut Slot)) {
        let mut slots = self.slots();
        let slot = slots.connected.iter_mut().find(|slot| Arc::ptr_eq(&slot.session, session));
        if let Some(slot) = slot {
            update(slot);
            slot.used = boot_time::now();
        }
        slots.connected.retain(|slot| !slot.is_gone());
        drop(slots);
        self.changed.notify_waiters();
    }

    fn slots(&self) -> MutexGuard<'_, Slots> {
        self.slots.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
