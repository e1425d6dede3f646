//! Cancels a query at the server without hitting any other query of its session.

use std::pin::pin;
use std::sync::atomic::Ordering;
use std::time::Duration;

use tokio::sync::{MutexGuard, RwLockReadGuard};
use tokio::time::{sleep, timeout};
use tokio_postgres::error::SqlState;
use tokio_postgres::types::ToSql;
use tokio_postgres::{Error, Row};

use super::queries::Query;
use super::session::{RESPONSE_TIMEOUT, Session};

/// How long a query that does not wait for a lock may take before it is cancelled.
const GRACE: Duration = Duration::from_millis(100);

/// After how long without a response a cancel request is sent again.
const RETRY: Duration = Duration::from_secs(1);

impl Session {
    /// Starts a sequence of queries, which may take long.
    pub(super) async fn sequence(&self) -> MutexGuard<'_, ()> {
        self.sequence.lock().await
    }

    /// Starts the queries of a release, which cancel a wait: a session runs one query at a time.
    pub(super) async fn sequence_for_release(&self) -> MutexGuard<'_, ()> {
        if let Ok(sequence) = self.sequence.try_lock() {
            return sequence;
        }
        self.release_waits.notify_one();
        self.sequence.lock().await
    }

    /// Waits until a release waits for the current sequence to end.
    pub(super) async fn release_waits(&self) {
        self.release_waits.notified().await;
    }

    /// Counts a release as unanswered until the result is dropped.
    pub(super) async fn unanswered_release(&self) -> RwLockReadGuard<'_, ()> {
        self.unanswered_releases.read().await
    }

    /// Cancels `query`, and returns its `response`, which may have been on its way.
    pub(super) async fn cancel<T>(
        &self,
        query: Query,
        response: impl Future<Output = Result<T, Error>>,
    ) -> Result<T, Error> {
        let mut response = pin!(response);
        let delay = async {
            // The server may still be running earlier releases, which must not be cancelled.
            drop(self.unanswered_releases.write().await);
            if !query.waits_for_lock() {
                sleep(GRACE).await;
            }
        };
        tokio::select! {
            biased;
            response = &mut response => return response,
            () = delay => {}
        }
        let response = loop {
            // Even a request whose response is not awaited may have been sent.
            self.stray_cancels.fetch_add(1, Ordering::Relaxed);
            tokio::select! {
                biased;
                response = &mut response => break response,
                // If it does not get through, neither does the response, which the heartbeat
                // notices.
                _ = self.tls.cancel(&self.cancel_token) => {}
            }
            // The request may have arrived before the query, and had no effect on it.
            if let Ok(response) = timeout(RETRY, &mut response).await {
                break response;
            }
        };
        if is_cancelled(&response) {
            self.record_arrival();
        }
        // Any other request may arrive after the next query.
        response
    }

    /// Runs `query`, and again if a cancel request meant for an earlier one hits it.
    pub(super) async fn run_with_retry(
        &self,
        query: Query,
        parameters: &[&(dyn ToSql + Sync)],
    ) -> Result<Vec<Row>, Error> {
        loop {
            let response = self.run(query, parameters).await;
            if !is_cancelled(&response) || !self.record_arrival() {
                return response;
            }
        }
    }

    /// Waits for stray cancel requests that may still arrive, so that they cannot hit the next
    /// query.
    pub(super) async fn drain_stray_cancels(&self) {
        while self.stray_cancels.load(Ordering::Relaxed) > 0 {
            // If they arrived between two queries already, nothing ends this one early.
            let sleep = self.client.batch_execute("SELECT pg_sleep(1)");
            let slept = timeout(RESPONSE_TIMEOUT, sleep).await;
            if slept.is_ok_and(|response| is_cancelled(&response)) {
                self.record_arrival();
            } else {
                self.stray_cancels.store(0, Ordering::Relaxed);
            }
        }
    }

    /// Records that a cancel request has arrived; `false` if none was sent.
    fn record_arrival(&self) -> bool {
        let one_less = |sent: usize| sent.checked_sub(1);
        self.stray_cancels.fetch_update(Ordering::Relaxed, Ordering::Relaxed, one_less).is_ok()
    }
}

/// Whether the query was cancelled by a cancel request.
pub(super) fn is_cancelled<T>(response: &Result<T, Error>) -> bool {
    response.as_ref().is_err_and(|error| error.code() == Some(&SqlState::QUERY_CANCELED))
}
