//! One release: records its outcome in the table, and unlocks the lock.

use std::future;
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;

use super::acquire::Acquired;
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
    /// The query that records the outcome of a writer.
    mark: Query,
}

impl ReleaseTask {
    /// Releases the lock `acquired`, after `mark` has recorded its outcome; this does not block.
    pub(super) fn spawn(driver: &Arc<Driver>, key: i64, acquired: Acquired, mark: Query) {
        let pending = acquired.session.start_release();
        flush_on_thread_exit(driver);
        let task = Self { driver: Arc::clone(driver), key, acquired, mark };
        driver.handle.spawn(task.run(pending));
    }

    async fn run(self, _pending: PendingRelease) {
        let Self { driver, key, acquired: Acquired { session, mode, token, .. }, mark } = self;
        let (unlock, has_mark) = match mode {
            Mode::Exclusive => (Query::Unlock, true),
            Mode::Shared => (Query::UnlockShared, false),
        };
        let mark = async {
            !has_mark || within_response_timeout(session.run(mark, &[&key, &token])).await.is_some()
        };
        let unlock = async {
            let rows = within_response_timeout(session.run(unlock, &[&key])).await?;
            rows.first()?.try_get::<_, bool>(0).ok()
        };
        let mut both = pin!(async { tokio::join!(mark, unlock) });
        let sequence = session.sequence_for_release().await;
        let _unanswered = session.unanswered_release().await;
        // Both are sent by the first poll, so that the next queries on the session come after them.
        let sent = future::poll_fn(|context| Poll::Ready(both.as_mut().poll(context))).await;
        drop(sequence);
        driver.pool.record_release(&session);
        let (is_marked, unlocked) = match sent {
            Poll::Ready(responses) => responses,
            Poll::Pending => both.await,
        };
        if !(is_marked && unlocked == Some(true)) {
            // The end of the session releases the lock instead.
            session.close("the server did not release a lock".to_owned());
        }
    }
}
