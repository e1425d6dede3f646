//! One release: a query that records its outcome in the table, and unlocks the lock.

use std::future;
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;

use tokio_postgres::types::ToSql;

use super::acquire::{Acquired, unlock_if_held};
use super::driver::Driver;
use super::flush_on_exit::flush_on_thread_exit;
use super::queries::Query;
use super::session::{PendingRelease, within_response_timeout};
use crate::engine::Mode;

/// A release on the driver thread.
pub(super) struct ReleaseTask {
    driver: Arc<Driver>,
    key: i64,
    acquired: Acquired,
    query: Query,
}

impl ReleaseTask {
    /// Releases the lock `acquired`, for a writer by `query`; this does not block.
    pub(super) fn spawn(driver: &Arc<Driver>, key: i64, acquired: Acquired, query: Query) {
        let pending = acquired.session.start_release();
        flush_on_thread_exit(driver);
        let query = match acquired.mode {
            Mode::Exclusive => query,
            Mode::Shared => Query::ReleaseShared,
        };
        let task = Self { driver: Arc::clone(driver), key, acquired, query };
        driver.handle.spawn(task.run(pending));
    }

    async fn run(self, _pending: PendingRelease) {
        let Self { driver, key, acquired: Acquired { session, mode, token, .. }, query } = self;
        let parameters: [&(dyn ToSql + Sync); 2] = [&key, &token];
        let parameters = match query {
            Query::ReleaseShared => &parameters[..1],
            _ => &parameters,
        };
        let mut release = pin!(within_response_timeout(session.run(query, parameters)));
        let sequence = session.sequence_for_release().await;
        let _unanswered = session.unanswered_release().await;
        // It is sent by the first poll, so that the next queries on the session come after it.
        let sent = future::poll_fn(|context| Poll::Ready(release.as_mut().poll(context))).await;
        drop(sequence);
        driver.pool.record_release(&session);
        let rows = match sent {
            Poll::Ready(rows) => rows,
            Poll::Pending => release.await,
        };
        match rows.map(|rows| rows.first().map(|row| row.try_get::<_, bool>(0))) {
            Some(Some(Ok(true))) => {}
            // Its row was removed, or has the token of another writer.
            Some(None) => unlock_if_held(&session, key, mode).await,
            // The end of the session releases the lock instead.
            _ => drop(session.close("the server did not release a lock".to_owned())),
        }
    }
}
