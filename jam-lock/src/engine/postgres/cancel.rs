//! How the server is made to end what a session waits for, and nothing else of it.

use std::pin::pin;
use std::sync::atomic::Ordering;
use std::time::Duration;

use tokio::sync::{MutexGuard, RwLockReadGuard};
use tokio::time::{sleep, timeout};
use tokio_postgres::error::SqlState;
use tokio_postgres::types::ToSql;
use tokio_postgres::{Error, Row};

use super::queries::Question;
use super::session::{OLD, PATIENCE, Session};

/// How long what is answered at once may take before it is called off.
const MOMENT: Duration = Duration::from_millis(100);

impl Session {
    /// The turn of who asks what may take long.
    pub(super) async fn turn(&self) -> MutexGuard<'_, ()> {
        self.turn.lock().await
    }

    /// The turn of who gives back a lock, for which a wait is called off: the server works in order.
    pub(super) async fn turn_to_release(&self) -> MutexGuard<'_, ()> {
        if let Ok(turn) = self.turn.try_lock() {
            return turn;
        }
        self.wanted.notify_one();
        self.turn.lock().await
    }

    /// Waits until a release wants the turn.
    pub(super) async fn until_wanted(&self) {
        self.wanted.notified().await;
    }

    /// Notes that a release is not answered, until what is returned is dropped.
    pub(super) async fn unanswered(&self) -> RwLockReadGuard<'_, ()> {
        self.unanswered.read().await
    }

    /// Has the server end what it is busy with for `question`, to which `answer` is the answer.
    pub(super) async fn call_off<T>(
        &self,
        question: Question,
        answer: impl Future<Output = Result<T, Error>>,
    ) -> Result<T, Error> {
        let mut answer = pin!(answer);
        let begin = async {
            // The server may still be busy with releases that were asked before.
            drop(self.unanswered.write().await);
            if !question.is_wait() {
                sleep(MOMENT).await;
            }
        };
        tokio::select! {
            biased;
            answer = &mut answer => return answer,
            () = begin => {}
        }
        let answer = loop {
            tokio::select! {
                biased;
                // What was not sent by then is not sent any more.
                answer = &mut answer => break answer,
                // If it does not get through, the answer does not come either, and that is noticed.
                _ = self.tls.cancel(&self.cancel) => {}
            }
            self.is_cancel_loose.store(true, Ordering::Relaxed);
            // It may have hit nothing, or something that was on its way before.
            if let Ok(answer) = timeout(OLD, &mut answer).await {
                break answer;
            }
        };
        if is_cancelled(&answer) {
            self.is_cancel_loose.store(false, Ordering::Relaxed);
        }
        // Otherwise the server may hear of it later than of what it is asked next.
        answer
    }

    /// Asks `question`, and once more if that is hit by what was to call off another one.
    pub(super) async fn ask_again(
        &self,
        question: Question,
        parameters: &[&(dyn ToSql + Sync)],
    ) -> Result<Vec<Row>, Error> {
        let answer = self.ask(question, parameters).await;
        if !is_cancelled(&answer) || !self.is_cancel_loose.swap(false, Ordering::Relaxed) {
            return answer;
        }
        self.ask(question, parameters).await
    }

    /// Has what was to call off something else hit nothing that matters, if it still may.
    pub(super) async fn absorb_cancel(&self) {
        if self.is_cancel_loose.swap(false, Ordering::Relaxed) {
            // It has hit nothing at all if it came between two questions.
            let _ = timeout(PATIENCE, self.client.batch_execute("SELECT pg_sleep(1)")).await;
        }
    }
}

/// Whether the server has ended what was asked because somebody has called it off.
pub(super) fn is_cancelled<T>(answer: &Result<T, Error>) -> bool {
    answer.as_ref().is_err_and(|error| error.code() == Some(&SqlState::QUERY_CANCELED))
}
