//! One connection to the server, the queries on it, and whether it is lost.

use std::future;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::task::{Poll, Waker};
use std::time::Duration;

use tokio::sync::{self, Notify, OnceCell};
use tokio::time::timeout;
use tokio_postgres::types::ToSql;
use tokio_postgres::{Client, Error, Row, Statement};

use super::backend::Backend;
use super::queries::{Queries, Query};
use super::tls::Tls;
use super::{boot_time, loss_wakers};
use crate::name::LockName;

/// After how long without a response a session's locks count as lost; no query whose response
/// depends on no other holder may take longer. The server releases the locks no earlier than
/// ten seconds after it last received something from this process.
pub(super) const RESPONSE_TIMEOUT: Duration = Duration::from_secs(5);

const _: () = {
    // How long the server keeps a session that is cut off, at the least: it probes every three seconds, so
    // the last probe before a connection is cut may be three seconds old. Behind a pooler, which answers the
    // probes, it keeps a session for as long after its last query.
    const SERVER_TIMEOUT: Duration = Duration::from_secs(10);
    assert!(RESPONSE_TIMEOUT.as_secs() < SERVER_TIMEOUT.as_secs() - 3);
};

/// A response that took longer is followed by a ping.
const STALE: Duration = Duration::from_secs(1);

/// How recently a responsive server must have responded: longer than the time between two
/// heartbeats.
const RESPONSIVE: Duration = Duration::from_secs(3);

/// A session at the server.
pub(super) struct Session {
    pub(super) client: Client,
    pub(super) backend: Backend,
    pub(super) cancel_token: tokio_postgres::CancelToken,
    /// How many cancel requests for earlier queries may still arrive, and hit another one.
    pub(super) stray_cancels: AtomicUsize,
    pub(super) tls: Tls,
    queries: Arc<Queries>,
    prepared: [OnceCell<Statement>; Query::COUNT],
    /// Held while a sequence of queries runs that no other may interrupt.
    pub(super) sequence: sync::Mutex<()>,
    /// Notified when a release waits for `sequence`.
    pub(super) release_waits: Notify,
    /// Shared by the releases to which the server has not responded.
    pub(super) unanswered_releases: sync::RwLock<()>,
    /// When the last query that the server has responded to was sent, in milliseconds.
    last_response: AtomicU64,
    loss: Mutex<Loss>,
    /// Notified to close the connection.
    pub(super) closing: Notify,
    releases: Releases,
}

/// Why a session is lost, or the wakers to wake once it is.
#[derive(Default)]
struct Loss {
    reason: Option<String>,
    /// The lock that its owner waited for in a deadlock.
    deadlocked_on: Option<LockName>,
    wakers: Vec<Waker>,
}

/// Releases that the server has not confirmed.
#[derive(Default)]
struct Releases {
    pending: AtomicUsize,
    changed: Condvar,
    mutex: Mutex<()>,
}

impl Session {
    pub(super) fn new(client: Client, backend: Backend, tls: Tls, queries: Arc<Queries>) -> Self {
        Self {
            cancel_token: client.cancel_token(),
            stray_cancels: AtomicUsize::new(0),
            client,
            backend,
            tls,
            queries,
            prepared: std::array::from_fn(|_| OnceCell::new()),
            sequence: sync::Mutex::default(),
            release_waits: Notify::new(),
            unanswered_releases: sync::RwLock::default(),
            last_response: AtomicU64::new(millis(boot_time::now())),
            loss: Mutex::default(),
            closing: Notify::new(),
            releases: Releases::default(),
        }
    }

    /// Runs `query`, however long that takes.
    pub(super) async fn run(
        &self,
        query: Query,
        parameters: &[&(dyn ToSql + Sync)],
    ) -> Result<Vec<Row>, Error> {
        let statement = self.prepare(query).await?;
        let sent = boot_time::now();
        let rows = self.client.query(statement, parameters).await?;
        self.record_response(sent);
        if boot_time::now().saturating_sub(sent) > STALE {
            // A response counts from when its query was sent, which was long ago.
            self.ping().await?;
        }
        Ok(rows)
    }

    /// Runs an empty query, which the server answers after all earlier ones.
    pub(super) async fn ping(&self) -> Result<(), Error> {
        let sent = boot_time::now();
        self.client.batch_execute("").await?;
        self.record_response(sent);
        Ok(())
    }

    /// Prepares `query`, once.
    async fn prepare(&self, query: Query) -> Result<&Statement, Error> {
        let prepare = || self.client.prepare(self.queries.text(query));
        self.prepared[query as usize].get_or_try_init(prepare).await
    }

    /// Prepares the queries that have to be prepared as the session starts, all at once.
    pub(super) async fn prepare_at_start(&self) -> Result<(), Error> {
        let mut underway: Vec<_> =
            Query::prepared_at_start().map(|query| Box::pin(self.prepare(query))).collect();
        future::poll_fn(|context| {
            let mut failed = None;
            underway.retain_mut(|prepare| match prepare.as_mut().poll(context) {
                Poll::Ready(prepared) => {
                    failed = failed.take().or(prepared.err());
                    false
                }
                Poll::Pending => true,
            });
            match failed {
                Some(error) => Poll::Ready(Err(error)),
                None if underway.is_empty() => Poll::Ready(Ok(())),
                None => Poll::Pending,
            }
        })
        .await
    }

    /// Records that the server has responded to a query that was sent at that time.
    pub(super) fn record_response(&self, sent: Duration) {
        self.last_response.fetch_max(millis(sent), Ordering::Relaxed);
    }

    /// How long ago the last query that the server has responded to was sent.
    pub(super) fn silence(&self) -> Duration {
        let last_response = Duration::from_millis(self.last_response.load(Ordering::Relaxed));
        boot_time::now().saturating_sub(last_response)
    }

    /// Whether the server has responded recently.
    pub(super) fn is_responsive(&self) -> bool {
        self.silence() <= RESPONSIVE
    }

    /// Why the session is lost, if it is; closes it if the server is unresponsive.
    pub(super) fn lost_reason(&self) -> Option<String> {
        let reason = self.loss().reason.clone();
        reason.or_else(|| {
            let silence = self.silence();
            (silence > RESPONSE_TIMEOUT).then(|| self.close(unresponsive(silence)))
        })
    }

    /// Whether the session is closed already, without checking for a response.
    pub(super) fn is_closed(&self) -> bool {
        self.loss().reason.is_some()
    }

    /// Closes the session, and returns the reason of the first call.
    pub(super) fn close(&self, reason: String) -> String {
        let mut loss = self.loss();
        let reason = loss.reason.get_or_insert(reason).clone();
        let wakers = std::mem::take(&mut loss.wakers);
        drop(loss);
        self.closing.notify_one();
        self.releases.notify();
        loss_wakers::wake(wakers);
        reason
    }

    /// Closes the session because the server resolved a deadlock of its owner, which waited for
    /// `name`, by ending that wait.
    pub(super) fn close_after_deadlock(&self, name: &LockName) {
        self.loss().deadlocked_on = Some(name.clone());
        self.close("the server resolved a deadlock of its owner".to_owned());
    }

    /// The lock that the owner waited for, if the session was closed after a deadlock.
    pub(super) fn deadlocked_on(&self) -> Option<LockName> {
        self.loss().deadlocked_on.clone()
    }

    /// Wakes `waker` once the session is lost.
    pub(super) fn on_loss(&self, waker: &Waker) {
        // Cloning or dropping a waker may run foreign code, so neither happens under the mutex.
        let waker = waker.clone();
        let mut loss = self.loss();
        if loss.reason.is_some() {
            drop(loss);
            waker.wake();
        } else if !loss.wakers.iter().any(|known| known.will_wake(&waker)) {
            loss.wakers.push(waker);
        }
    }

    /// Takes the wakers without waking them: with nothing held, nothing can be lost.
    pub(super) fn take_wakers(&self) -> Vec<Waker> {
        std::mem::take(&mut self.loss().wakers)
    }

    /// Counts a release as pending until the result is dropped.
    pub(super) fn start_release(self: &Arc<Self>) -> PendingRelease {
        self.releases.pending.fetch_add(1, Ordering::Relaxed);
        PendingRelease(Arc::clone(self))
    }

    /// Blocks until the server has confirmed all releases, for [`RESPONSE_TIMEOUT`] at the most.
    pub(super) fn flush(&self) {
        let mutex = self.releases.mutex.lock().unwrap_or_else(PoisonError::into_inner);
        let is_pending =
            |(): &mut ()| self.releases.pending.load(Ordering::Relaxed) > 0 && !self.is_closed();
        let _ = self.releases.changed.wait_timeout_while(mutex, RESPONSE_TIMEOUT, is_pending);
    }

    fn loss(&self) -> MutexGuard<'_, Loss> {
        self.loss.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl std::fmt::Debug for Session {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Session").field("backend", &self.backend).finish_non_exhaustive()
    }
}

impl Releases {
    fn notify(&self) {
        drop(self.mutex.lock().unwrap_or_else(PoisonError::into_inner));
        self.changed.notify_all();
    }
}

/// A release that the server has not confirmed.
pub(super) struct PendingRelease(Arc<Session>);

impl Drop for PendingRelease {
    fn drop(&mut self) {
        self.0.releases.pending.fetch_sub(1, Ordering::Relaxed);
        self.0.releases.notify();
    }
}

/// The result of `work`, unless it fails or takes longer than [`RESPONSE_TIMEOUT`].
pub(super) async fn within_response_timeout<T, E>(
    work: impl Future<Output = Result<T, E>>,
) -> Option<T> {
    timeout(RESPONSE_TIMEOUT, work).await.ok()?.ok()
}

/// Why a query failed: the server has not responded to it for that long.
pub(super) fn unresponsive(silence: Duration) -> String {
    format!("the server has not answered for {} s", silence.as_secs())
}

fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}
