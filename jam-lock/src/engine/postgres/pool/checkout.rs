//! [`Checkout`]: a session of the pool, for the time of one acquisition.

use std::sync::Arc;

use super::{Pool, Slot};
use crate::engine::OwnerId;
use crate::engine::postgres::boot_time;
use crate::engine::postgres::cancel_token::CancelToken;
use crate::engine::postgres::session::Session;

/// A session for an acquisition, or the permit to connect one.
pub(in crate::engine::postgres) enum Checkout {
    Session(PooledSession),
    Connect(ConnectPermit),
}

/// Reserves one of the limited connections until it is dropped.
pub(in crate::engine::postgres) struct ConnectPermit(Arc<Pool>);

impl ConnectPermit {
    pub(super) fn new(pool: Arc<Pool>) -> Self {
        Self(pool)
    }

    /// Adds the session that was connected, checked out for `acquisition`.
    pub(in crate::engine::postgres) fn add(
        self,
        session: Arc<Session>,
        acquisition: Arc<CancelToken>,
    ) -> PooledSession {
        let pool = Arc::clone(&self.0);
        let (owner, acquisition) = (OwnerId::NONE, Some(acquisition));
        let (used, held) = (boot_time::now(), 0);
        let slot = Slot { session: Arc::clone(&session), owner, held, acquisition, used };
        pool.slots().connected.push(slot);
        pool.changed.notify_waiters();
        PooledSession::new(pool, session, false)
    }
}

impl Drop for ConnectPermit {
    fn drop(&mut self) {
        self.0.slots().connecting -= 1;
        self.0.changed.notify_waiters();
    }
}

/// A session that is checked out for one acquisition, and returned on drop.
pub(in crate::engine::postgres) struct PooledSession {
    pool: Arc<Pool>,
    pub(in crate::engine::postgres) session: Arc<Session>,
    /// Whether it was connected for an earlier acquisition, and has no locks.
    pub(in crate::engine::postgres) is_reused: bool,
}

impl PooledSession {
    pub(super) fn new(pool: Arc<Pool>, session: Arc<Session>, is_reused: bool) -> Self {
        Self { pool, session, is_reused }
    }

    /// Whether the owner has locks on it, or had some when it ended.
    pub(in crate::engine::postgres) fn has_locks(&self) -> bool {
        let slots = self.pool.slots();
        slots
            .connected
            .iter()
            .any(|slot| Arc::ptr_eq(&slot.session, &self.session) && slot.held > 0)
    }

    /// Returns the session to the pool with one more lock, which is of its owner if it has one.
    pub(in crate::engine::postgres) fn keep_lock(self) {
        self.pool.update(&self.session, |slot| slot.held += 1);
    }
}

impl Drop for PooledSession {
    fn drop(&mut self) {
        self.pool.update(&self.session, |slot| slot.acquisition = None);
    }
}
