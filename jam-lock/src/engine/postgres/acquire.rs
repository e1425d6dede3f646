//! One acquisition: checks out a session, acquires the lock on it, and records the holder.

mod outcome;
mod reconnect;
mod shared;
mod undo;

use std::pin::pin;
use std::sync::Arc;

use tokio::task::yield_now;
use tokio::time::{sleep, timeout};
use tokio_postgres::types::ToSql;
use tokio_postgres::{Error, Row};

use super::cancel::is_cancelled;
use super::cancel_token::{CancelToken, Progress};
use super::driver::Driver;
use super::holder::{self, NewHolder};
use super::last_run;
use super::pool::PooledSession;
use super::queries::Query;
use super::session::{RESPONSE_TIMEOUT, Session, unresponsive};
use crate::engine::{Mode, WaitRequest};
use crate::error::LockError;
use crate::name::LockName;

use self::outcome::AcquireError;
pub(super) use self::outcome::Acquired;
use self::reconnect::Reconnect;
pub(super) use self::undo::unlock_if_held;

/// How many locks a process may hold at once. All sessions share the server's lock table, which
/// about 12,500 locks exhaust for all clients.
const MAX_LOCKS: usize = 1_000;

/// An acquisition on the driver thread.
pub(super) struct AcquireTask {
    pub(super) driver: Arc<Driver>,
    pub(super) name: LockName,
    pub(super) key: i64,
    pub(super) request: WaitRequest,
    pub(super) cancel: Arc<CancelToken>,
}

impl AcquireTask {
    /// Acquires the lock; `None` if it is held and the request does not block, or if it was
    /// cancelled.
    pub(super) async fn run(&self) -> Result<Option<Acquired>, LockError> {
        if !self.request.yield_first.is_zero() {
            sleep(self.request.yield_first).await;
        }
        let mut reconnect = Reconnect::new();
        loop {
            let pooled = match self.check_out().await {
                Ok(Some(pooled)) => pooled,
                Ok(None) => return Ok(None),
                Err(error) if reconnect.continues_after(&error) => {
                    if self.is_cancelled_within(reconnect.pause()).await {
                        return Ok(None);
                    }
                    continue;
                }
                Err(error) => return Err(error),
            };
            reconnect.connected();
            let (session, is_reused) = (Arc::clone(&pooled.session), pooled.is_reused);
            let error = match self.acquire_on(&pooled).await {
                Ok(Some(acquired)) => {
                    pooled.keep_lock();
                    return Ok(Some(acquired));
                }
                Ok(None) => return Ok(None),
                Err(error) => error,
            };
            let has_waited = self.cancel.progress() == Progress::Contended;
            let has_ended = session.is_closed() && !error.is_deadlock();
            let error = match error {
                // The connection was lost before this acquisition.
                AcquireError::Server(error)
                    if is_reused && has_ended && !has_waited && error.code().is_none() =>
                {
                    continue;
                }
                error if has_ended && pooled.has_locks() => {
                    let reason = error.end_of_session().or_else(|| session.lost_reason());
                    AcquireError::OthersLost(reason.unwrap_or_default())
                }
                _ if has_ended && self.request.blocking => {
                    drop(pooled);
                    reconnect.disconnected();
                    if self.is_cancelled_within(reconnect.pause()).await {
                        return Ok(None);
                    }
                    continue;
                }
                error => error,
            };
            let location = self.driver.server.url().redacted();
            return Err(error.into_lock_error(&self.name, location, &session));
        }
    }

    /// Whether the acquisition is cancelled before `pause` is over.
    async fn is_cancelled_within(&self, pause: impl Future<Output = ()>) -> bool {
        self.cancel.set_progress(Progress::Unanswered);
        tokio::select! {
            biased;
            () = self.cancel.cancelled() => true,
            () = pause => false,
        }
    }

    /// Waits for a session for the owner, if necessary; `None` if the acquisition was cancelled.
    async fn check_out(&self) -> Result<Option<PooledSession>, LockError> {
        let Self { driver, request, cancel, .. } = self;
        let failed = |why: String| {
            let operation = format!("acquire lock `{}`", self.name);
            Err(LockError::engine(operation, driver.server.url().redacted(), why))
        };
        if driver.pool.locks_held() >= MAX_LOCKS {
            return failed(format!(
                "this process already holds {MAX_LOCKS} locks there: release some of them"
            ));
        }
        cancel.set_progress(Progress::Unconnected);
        let checkout = tokio::select! {
            biased;
            checkout = driver.pool.check_out(request.owner, cancel) => checkout,
            () = cancel.cancelled() => return Ok(None),
            // A request that does not block does not wait long for the rest of this process either.
            () = sleep(RESPONSE_TIMEOUT), if !request.blocking => {
                return failed(driver.no_connection());
            }
        };
        cancel.set_progress(Progress::Unanswered);
        tokio::select! {
            biased;
            session = driver.connect(checkout, cancel) => session.map(Some),
            () = cancel.cancelled() => Ok(None),
            () = sleep(RESPONSE_TIMEOUT), if !request.blocking => {
                failed(unresponsive(RESPONSE_TIMEOUT))
            }
        }
    }

    async fn acquire_on(&self, pooled: &PooledSession) -> Result<Option<Acquired>, AcquireError> {
        let session = &pooled.session;
        // Releases that were just spawned are sent first; one may be of this lock.
        yield_now().await;
        loop {
            let _sequence = session.sequence().await;
            let result = match self.request.mode {
                Mode::Exclusive => self.acquire_exclusive(session).await,
                Mode::Shared => self.acquire_shared(session).await,
            };
            if matches!(result, Ok(Some(_))) {
                return result;
            }
            if let Err(error) = &result {
                let mode = self.request.mode;
                undo::after_error(session, &self.name, self.key, mode, error).await;
            }
            session.drain_stray_cancels().await;
            // Otherwise the wait was cancelled for a release on the same session, or at the server,
            // and starts again. The owner keeps the locks that the session has.
            let is_failed =
                result.as_ref().is_err_and(|error| !error.is_cancelled() || session.is_closed());
            if is_failed || !self.request.blocking || self.cancel.is_cancelled() {
                return result;
            }
        }
    }

    async fn acquire_exclusive(
        &self,
        session: &Arc<Session>,
    ) -> Result<Option<Acquired>, AcquireError> {
        let (namespace, name) = (self.namespace(), self.name.as_str());
        let holder = NewHolder::new(self.request.site.as_ref(), self.request.permits);
        let [file, line, function, program, process, host, permits] = holder.parameters();
        let keyed = self.name.is_keyed();
        let parameters: [&(dyn ToSql + Sync); 11] = [
            &self.key, &namespace, &name, &keyed, file, line, function, program, process, host,
            permits,
        ];
        let attempt = self.run_cancellable(session, Query::TryLock, &parameters).await?;
        let Some(mut rows) = attempt else { return Ok(None) };
        if rows.is_empty() && self.request.blocking {
            self.cancel.set_progress(Progress::Contended);
            // Both are sent at once, so that a grant is recorded without another round trip.
            let granted = async {
                let wait = session.run(Query::Wait, &[]);
                let record = session.run(Query::RecordHolder, &parameters);
                let (waited, recorded) = tokio::join!(wait, record);
                // If the session has ended, only the error of the first says why.
                if waited.is_err() && !is_cancelled(&waited) {
                    return waited;
                }
                let recorded = recorded?;
                // A wait that was cancelled just after its grant is recorded as well.
                if recorded.is_empty() { waited.map(|_| recorded) } else { Ok(recorded) }
            };
            let Some(recorded) = self.cancellable(session, Query::Wait, granted).await? else {
                return Ok(None);
            };
            rows = recorded;
            if rows.is_empty() {
                // Somebody has replaced the domain, which does not say that the lock is granted.
                unlock_if_held(session, self.key, self.request.mode).await;
            }
        }
        match rows.first() {
            Some(row) => self.acquired_by_writer(session, row).await.map(Some),
            None => Ok(None),
        }
    }

    /// Runs `query`; `None` if it was cancelled before the response, in which case the lock is not
    /// held.
    async fn run_cancellable(
        &self,
        session: &Arc<Session>,
        query: Query,
        parameters: &[&(dyn ToSql + Sync)],
    ) -> Result<Option<Vec<Row>>, AcquireError> {
        self.cancellable(session, query, session.run(query, parameters)).await
    }

    /// Waits for the `response` to `query`; `None` if it was cancelled before, in which case the
    /// lock is not held.
    async fn cancellable(
        &self,
        session: &Arc<Session>,
        query: Query,
        response: impl Future<Output = Result<Vec<Row>, Error>>,
    ) -> Result<Option<Vec<Row>>, AcquireError> {
        let mut response = pin!(response);
        tokio::select! {
            biased;
            response = &mut response => return Ok(Some(response?)),
            () = self.cancel.cancelled() => {}
            // The owner's releases on this session must not wait for its own wait.
            () = session.release_waits(), if self.request.blocking => {}
            // A request that does not block does not wait long for an unresponsive server either.
            () = sleep(RESPONSE_TIMEOUT), if !self.request.blocking => {}
        }
        match timeout(RESPONSE_TIMEOUT, session.cancel(query, response)).await {
            Ok(Ok(rows)) => {
                let acquired = rows.first().map(|row| self.acquired(session, row));
                if let Some(Ok(acquired)) = acquired {
                    undo::release(self.key, &acquired).await;
                    return Ok(None);
                }
            }
            Ok(response) if is_cancelled(&response) => {}
            Ok(response) => drop(response?),
            Err(_) => return Err(AcquireError::Unresponsive),
        }
        // The lock may have been granted before the request arrived.
        unlock_if_held(session, self.key, self.request.mode).await;
        Ok(None)
    }

    /// From the row of a query that has recorded the holder.
    async fn acquired_by_writer(
        &self,
        session: &Arc<Session>,
        row: &Row,
    ) -> Result<Acquired, AcquireError> {
        let mut acquired = self.acquired(session, row)?;
        if row.try_get(2)? {
            let recorded = self.read_record(session).await?;
            acquired.abandoned_by = recorded.and_then(|recorded| recorded.abandoned_by);
        }
        if row.try_get(3)? {
            let (namespace, name) = (self.namespace(), self.name.as_str());
            acquired.last_run = last_run::find(session, self.key, namespace, name).await?;
        }
        Ok(acquired)
    }

    /// Reads the token and the abandonment; `None` if there is no row.
    async fn read_record(&self, session: &Arc<Session>) -> Result<Option<Acquired>, AcquireError> {
        let (namespace, name) = (self.namespace(), self.name.as_str());
        let parameters: [&(dyn ToSql + Sync); 3] = [&self.key, &namespace, &name];
        let rows = session.run(Query::ReadRecord, &parameters).await?;
        let Some(row) = rows.first() else { return Ok(None) };
        let acquired = self.acquired(session, row)?;
        Ok(Some(Acquired { abandoned_by: holder::read(row, 2), ..acquired }))
    }

    fn acquired(&self, session: &Arc<Session>, row: &Row) -> Result<Acquired, AcquireError> {
        Acquired::from_row(session, self.request.mode, row)
    }

    fn namespace(&self) -> &str {
        &self.driver.server.url().namespace
    }
}
