//! One connection to the server, and what is known of its health.

use std::future;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::task::{Poll, Waker};
use std::time::Duration;

use tokio::sync::{self, Notify, OnceCell};
use tokio_postgres::types::ToSql;
use tokio_postgres::{CancelToken, Client, Error, Row, Statement};

use super::queries::{Question, Texts};
use super::tls::Tls;
use super::{boot_time, wakers};

/// How long after the server was last heard of a lock counts as lost. The server frees it no
/// earlier than [`SERVER_PATIENCE`] after it last heard of this process.
pub(super) const PATIENCE: Duration = Duration::from_secs(5);

/// How long ago something was asked whose answer says little of now.
pub(super) const OLD: Duration = Duration::from_secs(1);

/// How long ago a server was heard of that counts as there: longer than heartbeats are apart.
const LATELY: Duration = Duration::from_secs(3);

/// After how long without a sign of life the server ends a session, in the best case: it looks for
/// one every three seconds, so a connection that is cut now counts from three seconds ago.
const SERVER_PATIENCE: Duration = Duration::from_secs(10);

const _: () = assert!(PATIENCE.as_secs() < SERVER_PATIENCE.as_secs() - 3);

/// Settings of our own sessions, which every user may make. What they are on a server that cannot
/// have one is no trouble: such a server keeps locks for longer, and never frees them earlier.
pub(super) const SETTINGS: [&str; 9] = [
    "SET tcp_keepalives_idle = 3",
    "SET tcp_keepalives_interval = 2",
    "SET tcp_keepalives_count = 4",
    "SET tcp_user_timeout = 10000",
    "SET client_connection_check_interval = 1000",
    // Waits end by our own deadline: after a timeout of the server nobody knows who has the lock.
    "SET lock_timeout = 0; SET statement_timeout = 0; SET idle_session_timeout = 0",
    // PostgreSQL 17 and later.
    "SELECT set_config('transaction_timeout', '0', false)
    WHERE current_setting('transaction_timeout', true) IS NOT NULL",
    // What is recorded of a holder follows what the one before has committed while this one waited.
    "SET default_transaction_isolation = 'read committed'",
    "SELECT set_config('synchronous_commit', 'on', false)
    WHERE current_setting('synchronous_commit') IN ('off', 'local')",
];

/// A session at the server.
pub(super) struct Session {
    pub(super) client: Client,
    pub(super) backend: Backend,
    pub(super) cancel: CancelToken,
    /// Whether what was to call off one question may yet hit another.
    pub(super) is_cancel_loose: AtomicBool,
    pub(super) tls: Tls,
    texts: Arc<Texts>,
    prepared: [OnceCell<Statement>; Question::ALL.len()],
    /// Whose turn it is to ask what the next question has to come after.
    pub(super) turn: sync::Mutex<()>,
    /// Told when a release wants the turn of whoever has it.
    pub(super) wanted: Notify,
    /// Shared by the releases that the server has not answered.
    pub(super) unanswered: sync::RwLock<()>,
    /// When the last question was sent that the server has answered, in milliseconds.
    evidence: AtomicU64,
    end: Mutex<End>,
    /// Has the connection closed.
    pub(super) closing: Notify,
    releases: Releases,
}

/// The server's process for a session, and when it began, in seconds since 1970: a number alone is
/// used again, and a date depends on the time zone.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Backend {
    pub(super) process: i32,
    pub(super) began: String,
}

/// Why a session is over, or whom to tell when it is.
#[derive(Default)]
struct End {
    why: Option<String>,
    wakers: Vec<Waker>,
}

/// Releases that the server has not confirmed.
#[derive(Default)]
struct Releases {
    outstanding: AtomicUsize,
    changed: Condvar,
    mutex: Mutex<()>,
}

impl Session {
    pub(super) fn new(client: Client, backend: Backend, tls: Tls, texts: Arc<Texts>) -> Self {
        Self {
            cancel: client.cancel_token(),
            is_cancel_loose: AtomicBool::new(false),
            client,
            backend,
            tls,
            texts,
            prepared: std::array::from_fn(|_| OnceCell::new()),
            turn: sync::Mutex::default(),
            wanted: Notify::new(),
            unanswered: sync::RwLock::default(),
            evidence: AtomicU64::new(millis(boot_time::now())),
            end: Mutex::default(),
            closing: Notify::new(),
            releases: Releases::default(),
        }
    }

    /// Asks `question`, and waits for the answer however long that takes.
    pub(super) async fn ask(
        &self,
        question: Question,
        parameters: &[&(dyn ToSql + Sync)],
    ) -> Result<Vec<Row>, Error> {
        let statement = self.prepare(question).await?;
        let sent = boot_time::now();
        let rows = self.client.query(statement, parameters).await?;
        self.heard_of(sent);
        if boot_time::now().saturating_sub(sent) > OLD {
            // What is heard counts from when it was asked for, so this is asked anew.
            self.ask_for_a_sign().await?;
        }
        Ok(rows)
    }

    /// Asks nothing, and waits for the answer, which comes after all others.
    pub(super) async fn ask_for_a_sign(&self) -> Result<(), Error> {
        let sent = boot_time::now();
        self.client.batch_execute("").await?;
        self.heard_of(sent);
        Ok(())
    }

    /// Has the server understand `question`, once.
    pub(super) async fn prepare(&self, question: Question) -> Result<&Statement, Error> {
        let prepare = || self.client.prepare(self.texts.of(question));
        self.prepared[question as usize].get_or_try_init(prepare).await
    }

    /// Has the server understand all `questions` at once.
    pub(super) async fn prepare_all(&self, questions: &[Question]) -> Result<(), Error> {
        let prepare = |question: &Question| Box::pin(self.prepare(*question));
        let mut underway: Vec<_> = questions.iter().map(prepare).collect();
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

    /// Notes that the server has answered what was sent at a time.
    pub(super) fn heard_of(&self, sent: Duration) {
        self.evidence.fetch_max(millis(sent), Ordering::Relaxed);
    }

    /// How long ago the last question was sent that the server has answered.
    pub(super) fn silence(&self) -> Duration {
        let heard = Duration::from_millis(self.evidence.load(Ordering::Relaxed));
        boot_time::now().saturating_sub(heard)
    }

    /// Why the session is over, if it is.
    pub(super) fn end(&self) -> Option<String> {
        let why = self.locked().why.clone();
        why.or_else(|| {
            let silence = self.silence();
            (silence > PATIENCE).then(|| {
                self.close(format!("the server has not answered for {} s", silence.as_secs()))
            })
        })
    }

    /// Whether the server has answered lately.
    pub(super) fn is_heard_of(&self) -> bool {
        self.silence() <= LATELY
    }

    /// Whether it is known to be over, without a look at the time.
    pub(super) fn is_closed(&self) -> bool {
        self.locked().why.is_some()
    }

    /// Ends the session for good, and tells why it is over, which is what was said first.
    pub(super) fn close(&self, why: String) -> String {
        let mut end = self.locked();
        let why = end.why.get_or_insert(why).clone();
        let wakers = std::mem::take(&mut end.wakers);
        drop(end);
        self.closing.notify_one();
        self.releases.reply();
        wakers::wake(wakers);
        why
    }

    /// Has `waker` woken once the session is over.
    pub(super) fn on_end(&self, waker: &Waker) {
        // A clone, and its drop, may run anything, so not under the mutex.
        let waker = waker.clone();
        let mut end = self.locked();
        if end.why.is_some() {
            drop(end);
            waker.wake();
        } else if !end.wakers.iter().any(|known| known.will_wake(&waker)) {
            end.wakers.push(waker);
        }
    }

    /// Whom it would wake, who is not woken any more: where nothing is held, nothing is lost.
    pub(super) fn take_wakers(&self) -> Vec<Waker> {
        std::mem::take(&mut self.locked().wakers)
    }

    /// Notes that a release is on its way, until what is returned is dropped.
    pub(super) fn releasing(self: &Arc<Self>) -> Releasing {
        self.releases.outstanding.fetch_add(1, Ordering::Relaxed);
        Releasing(Arc::clone(self))
    }

    /// Blocks until the server has confirmed what was released, or for as long as that is worth.
    pub(super) fn flush(&self) {
        let mutex = self.releases.mutex.lock().unwrap_or_else(PoisonError::into_inner);
        let is_outstanding = |(): &mut ()| {
            self.releases.outstanding.load(Ordering::Relaxed) > 0 && !self.is_closed()
        };
        let _ = self.releases.changed.wait_timeout_while(mutex, PATIENCE, is_outstanding);
    }

    fn locked(&self) -> MutexGuard<'_, End> {
        self.end.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl std::fmt::Debug for Session {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Session").field("backend", &self.backend).finish_non_exhaustive()
    }
}

impl Releases {
    fn reply(&self) {
        drop(self.mutex.lock().unwrap_or_else(PoisonError::into_inner));
        self.changed.notify_all();
    }
}

/// A release that is on its way.
pub(super) struct Releasing(Arc<Session>);

impl Drop for Releasing {
    fn drop(&mut self) {
        self.0.releases.outstanding.fetch_sub(1, Ordering::Relaxed);
        self.0.releases.reply();
    }
}

fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}
