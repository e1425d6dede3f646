//! [`Hold`]: monitors and fences a lock that is held at the server.

use std::sync::Arc;
use std::task::Waker;

use super::driver::Driver;
use super::session::Session;
use crate::engine::LossMonitor;
use crate::name::LockName;

/// The session that has the lock, and the row that fences it.
#[derive(Debug)]
pub(super) struct Hold {
    pub(super) driver: Arc<Driver>,
    pub(super) session: Arc<Session>,
    pub(super) key: i64,
    /// It is in the table until a writer acquires the lock, or a reader does so after a writer.
    pub(super) token: i64,
}

impl LossMonitor for Hold {
    fn lost_reason(&self) -> Option<String> {
        self.session.lost_reason()
    }

    fn deadlocked_on(&self) -> Option<LockName> {
        self.session.deadlocked_on()
    }

    fn on_loss(&self, waker: &Waker) {
        self.session.on_loss(waker);
    }

    fn flush(&self) {
        self.session.flush();
    }

    fn fence_statement(&self) -> Option<String> {
        let Self { driver, key, token, .. } = self;
        let table = driver.server.table();
        let row = format!("SELECT 1 FROM {table} WHERE key = {key} AND token = {token} FOR SHARE");
        if token & 1 == 1 {
            return Some(row);
        }
        // A reader in a transaction writes no token, but gets the lock only when the session of this
        // writer has lost it.
        Some(format!(
            "WITH held AS MATERIALIZED ({row}) \
             SELECT 1 FROM held WHERE NOT pg_try_advisory_xact_lock_shared({key})"
        ))
    }
}
