//! The claim on one name at the server.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio_postgres::types::ToSql;

use super::acquire::{AcquireTask, Acquired};
use super::boot_time;
use super::cancel_token::{CancelToken, Progress};
use super::driver::Driver;
use super::hold::Hold;
use super::holder::NewHolder;
use super::last_run::EndedRun;
use super::queries::{Query, TOKEN_RESERVE};
use super::release::ReleaseTask;
use super::session::within_response_timeout;
use super::wait_completion::Completion;
use crate::engine::{
    Claim, LossMonitor, Mode, OwnerId, ProcessId, Recorded, TryAcquire, Usage, WaitDone, WaitId,
    WaitRequest, WriterWaiting, check_process,
};
use crate::error::LockError;
use crate::last_run::LastRun;
use crate::name::LockName;
use crate::site::Site;

/// One name at the server, in both modes.
pub(super) struct PostgresClaim {
    driver: Arc<Driver>,
    name: LockName,
    key: i64,
    /// A forked child has no driver thread.
    process: ProcessId,
    waits: HashMap<WaitId, Wait>,
    held: Option<Held>,
}

/// A wait that was started, and the lock that it acquired.
struct Wait {
    cancel: Arc<CancelToken>,
    site: Option<Site>,
    acquired: Arc<Mutex<Option<Acquired>>>,
}

/// A claim that this process has.
struct Held {
    acquired: Acquired,
    hold: Arc<Hold>,
    /// The site of the holder that is recorded.
    recorded: Option<Site>,
    /// Whether an abandonment by an earlier holder is recorded.
    is_abandoned: bool,
    /// Whether the claim has had a holder in this process.
    is_used: bool,
    /// When the run in progress began, on the clock of this machine that is never set.
    run_began: Duration,
}

impl PostgresClaim {
    pub(super) fn new(driver: Arc<Driver>, name: LockName, key: i64, process: ProcessId) -> Self {
        Self { driver, name, key, process, waits: HashMap::new(), held: None }
    }

    /// Forgets the wait `id`, and returns the lock that it acquired.
    fn finish_wait(&mut self, id: WaitId) -> Option<(Acquired, Option<Site>)> {
        let Wait { acquired, site, .. } = self.waits.remove(&id)?;
        let acquired = acquired.lock().unwrap_or_else(PoisonError::into_inner).take();
        acquired.map(|acquired| (acquired, site))
    }

    /// Records the next holder on the lock's own session, in the order of the calls; `is_abandoned`
    /// keeps the first abandonment, or adds one by the previous holder.
    fn update_holder(
        &self,
        acquired: &Acquired,
        (site, permits): (Option<Site>, u16),
        is_abandoned: bool,
    ) {
        let (session, key, token) = (Arc::clone(&acquired.session), self.key, acquired.token);
        self.driver.handle.spawn(async move {
            let holder = NewHolder::new(site.as_ref(), permits);
            let [file, line, function, program, process, host, permits] = holder.parameters();
            let parameters: [&(dyn ToSql + Sync); 10] = [
                &key,
                &token,
                file,
                line,
                function,
                program,
                process,
                host,
                permits,
                &is_abandoned,
            ];
            let updated = session.run(Query::UpdateHolder, &parameters);
            if within_response_timeout(updated).await.is_none() {
                // The death of this holder would go unreported, so its lock counts as lost.
                session.close("the server did not record the holder of a lock".to_owned());
            }
        });
    }

    fn release_acquired(&self, acquired: Acquired, release: Query) {
        ReleaseTask::spawn(&self.driver, self.key, acquired, release);
    }
}

impl Claim for PostgresClaim {
    fn check_process(&self) -> Result<(), LockError> {
        check_process(self.process, &self.name, || self.driver.server.url().redacted())
    }

    fn try_acquire(&mut self, _: Mode) -> Result<TryAcquire, LockError> {
        self.check_process()?;
        Ok(TryAcquire::Unknown)
    }

    fn find_waiting_writer(&mut self, found: WriterWaiting) {
        let (driver, key) = (Arc::clone(&self.driver), self.key);
        self.driver.handle.spawn(async move {
            let Ok(session) = driver.control_session().await else { return };
            let rows =
                within_response_timeout(session.run(Query::FindWaitingWriter, &[&key])).await;
            if rows.is_some_and(|rows| !rows.is_empty()) {
                found();
            }
        });
    }

    fn start_wait(&mut self, request: WaitRequest, done: WaitDone) -> Result<(), LockError> {
        self.check_process()?;
        let (cancel, result) = (Arc::<CancelToken>::default(), Arc::<Mutex<_>>::default());
        let (site, acquired) = (request.site, Arc::clone(&result));
        let wait = Wait { cancel: Arc::clone(&cancel), site, acquired };
        self.waits.insert(request.id, wait);
        let (driver, name, key) = (Arc::clone(&self.driver), self.name.clone(), self.key);
        let task = AcquireTask { driver, name, key, request, cancel };
        let completion = Completion::new(done, self.driver.server.url().redacted());
        self.driver.handle.spawn(async move {
            let acquired = task.run().await.map(|acquired| {
                let is_acquired = acquired.is_some();
                *result.lock().unwrap_or_else(PoisonError::into_inner) = acquired;
                is_acquired
            });
            completion.complete(acquired);
        });
        Ok(())
    }

    fn needs_own_wait(&self, owner: OwnerId) -> bool {
        self.driver.pool.has_locks(owner)
    }

    fn is_wait_still_valid(&mut self, id: WaitId) -> Result<bool, LockError> {
        Ok(self.waits.contains_key(&id))
    }

    fn blocked_on(&self, id: WaitId) -> Option<String> {
        match self.waits.get(&id)?.cancel.progress() {
            Progress::Unconnected => Some(self.driver.no_connection()),
            // A server that responds on other sessions is just busy with this query.
            Progress::Unanswered if !self.driver.pool.is_responsive() => {
                Some("the server has not answered".to_owned())
            }
            Progress::Unanswered | Progress::Contended => None,
        }
    }

    fn cancel_wait(&mut self, id: WaitId) -> bool {
        if let Some(wait) = self.waits.get(&id) {
            wait.cancel.cancel();
        }
        true
    }

    fn accept(&mut self, id: WaitId) -> Result<bool, LockError> {
        let Some((acquired, recorded)) = self.finish_wait(id) else { return Ok(false) };
        if acquired.session.lost_reason().is_some() {
            return Ok(false);
        }
        let hold = Arc::new(Hold {
            driver: Arc::clone(&self.driver),
            session: Arc::clone(&acquired.session),
            key: self.key,
            token: acquired.token,
        });
        let is_abandoned = acquired.abandoned_by.is_some();
        self.held = Some(Held {
            acquired,
            hold,
            recorded,
            is_abandoned,
            is_used: false,
            run_began: Duration::ZERO,
        });
        Ok(true)
    }

    fn discard(&mut self, id: WaitId) {
        if let Some((acquired, _)) = self.finish_wait(id) {
            self.release_acquired(acquired, Query::ReleaseUnused);
        }
    }

    fn reassign(&mut self, owner: OwnerId) -> bool {
        self.held.as_ref().is_some_and(|held| {
            let session = &held.acquired.session;
            session.lost_reason().is_none() && self.driver.pool.reassign(session, owner)
        })
    }

    fn loss_monitor(&self) -> Option<Arc<dyn LossMonitor>> {
        let held = self.held.as_ref()?;
        Some(Arc::clone(&held.hold) as Arc<dyn LossMonitor>)
    }

    fn record_holder(&mut self, mode: Mode, site: Option<&Site>, usage: Usage<'_>) -> Recorded {
        let Some(mut held) = self.held.take() else { return Recorded::default() };
        let first = u64::try_from(held.acquired.token).unwrap_or_default();
        let recorded = if mode == Mode::Shared {
            // Between the last token that the previous writer may have used, and the next writer's.
            let abandoned_by = held.acquired.abandoned_by.clone();
            Recorded { token: first + TOKEN_RESERVE, abandoned_by, ..Recorded::default() }
        } else {
            let abandoned_by = held.acquired.abandoned_by.clone().filter(|_| !held.is_used);
            let is_abandoned = usage.abandoned_by.is_some() || abandoned_by.is_some();
            if held.recorded != site.copied() || held.is_abandoned != is_abandoned {
                (held.recorded, held.is_abandoned) = (site.copied(), is_abandoned);
                self.update_holder(&held.acquired, (held.recorded, usage.permits), is_abandoned);
            }
            let token = if held.is_used { usage.last_token.max(first) + 2 } else { first };
            let token_reserve = (first + TOKEN_RESERVE).saturating_sub(token);
            Recorded { token, token_reserve, abandoned_by, ..Recorded::default() }
        };
        held.is_used = true;
        self.held = Some(held);
        recorded
    }

    fn clear_holder(&mut self, _: u64) {
        if self.check_process().is_err() {
            return;
        }
        let Some(mut held) = self.held.take() else { return };
        if held.recorded.is_some() || held.is_abandoned {
            (held.recorded, held.is_abandoned) = (None, false);
            self.update_holder(&held.acquired, (None, 1), false);
        }
        self.held = Some(held);
    }

    fn begin_run(&mut self) -> Result<Option<LastRun>, LockError> {
        let Some(held) = &mut self.held else { return Ok(None) };
        held.run_began = boot_time::now();
        held.acquired.last_run.now().map_err(|why| {
            let operation = format!("read the last run under lock `{}`", self.name);
            LockError::engine(operation, self.driver.server.url().redacted(), why)
        })
    }

    fn record_run(&mut self, site: &Site, period: Duration) -> Result<(), LockError> {
        self.check_process()?;
        let Some(held) = &mut self.held else { return Ok(()) };
        let (site, began) = (*site, held.run_began);
        let ended = EndedRun { key: self.key, token: held.acquired.token, site, began, period };
        held.acquired.last_run = ended.to_found();
        ended.record(&self.driver, Arc::clone(&held.acquired.session));
        Ok(())
    }

    fn release(&mut self, mode: Mode, usage: Option<Usage<'_>>) -> Result<(), LockError> {
        self.check_process()?;
        if let Some(held) = self.held.take_if(|held| held.acquired.mode == mode) {
            let release = match usage {
                Some(Usage { abandoned_by: None, .. }) if held.is_used => Query::ReleaseClean,
                Some(Usage { abandoned_by: Some(_), .. }) if held.is_used => {
                    Query::ReleaseAbandoned
                }
                // An abandonment that no holder has learned of is left to the next one.
                _ => Query::ReleaseUnused,
            };
            self.release_acquired(held.acquired, release);
        }
        Ok(())
    }
}

impl Drop for PostgresClaim {
    fn drop(&mut self) {
        if self.check_process().is_ok() {
            if let Some(held) = self.held.take() {
                self.release_acquired(held.acquired, Query::ReleaseUnused);
            }
        }
    }
}
