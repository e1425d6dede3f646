//! [`LeaseClaim`]: one lock, as a process acquires, holds and releases it.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use jam_lock::engine::{
    Claim, LossMonitor, Mode, OwnerId, Recorded, TryAcquire, Usage, WaitDone, WaitId, WaitRequest,
};
use jam_lock::{Holder, LastRun, LockError, Site};

use super::Flaw;
use super::client::{Client, Grant, Monitor};
use super::server::{ReleasedAs, Request, Run, TOKEN_RESERVE};

pub(super) struct LeaseClaim {
    client: Arc<Client>,
    name: String,
    waits: HashMap<WaitId, PendingWait>,
    held: Option<Held>,
}

/// A thread that waits for a lease.
#[derive(Default)]
struct PendingWait {
    is_cancelled: Arc<AtomicBool>,
    grant: Arc<Mutex<Option<Grant>>>,
}

struct Held {
    grant: Grant,
    monitor: Arc<Monitor>,
    was_recorded: bool,
    run_began: Duration,
}

impl LeaseClaim {
    pub(super) fn new(client: Arc<Client>, name: &str) -> Self {
        Self { client, name: name.to_owned(), waits: HashMap::new(), held: None }
    }

    fn take_grant(&mut self, id: WaitId) -> Option<Grant> {
        let wait = self.waits.remove(&id)?;
        wait.grant.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    fn is_lost(&self, session: usize) -> bool {
        self.client.world.with(|state| state.loss(session).is_some())
    }

    fn record(&self, grant: &Grant, holder: Option<Holder>, is_abandoned: bool) {
        let (name, number) = (self.name.clone(), grant.number);
        let request = Request::Record { name, number, holder, is_abandoned };
        self.client.world.with(|state| state.send(grant.session, &request));
    }

    fn send_release(&self, grant: &Grant, released_as: Option<ReleasedAs>) {
        let (name, number) = (self.name.clone(), grant.number);
        let request = Request::Release { name, number, released_as };
        self.client.world.with(|state| state.send(grant.session, &request));
    }
}

impl Claim for LeaseClaim {
    fn check_process(&self) -> Result<(), LockError> {
        Ok(())
    }

    fn try_acquire(&mut self, _: Mode) -> Result<TryAcquire, LockError> {
        Ok(TryAcquire::Unknown)
    }

    fn start_wait(&mut self, request: WaitRequest, done: WaitDone) -> Result<(), LockError> {
        let wait = PendingWait::default();
        let (client, name) = (Arc::clone(&self.client), self.name.clone());
        let (is_cancelled, grant) = (Arc::clone(&wait.is_cancelled), Arc::clone(&wait.grant));
        self.waits.insert(request.id, wait);
        thread::spawn(move || {
            let granted = client.wait(&name, &request, &is_cancelled);
            let is_granted = granted.is_some();
            *grant.lock().unwrap_or_else(PoisonError::into_inner) = granted;
            done(Ok(is_granted));
        });
        Ok(())
    }

    fn is_wait_still_valid(&mut self, id: WaitId) -> Result<bool, LockError> {
        Ok(self.waits.contains_key(&id))
    }

    fn cancel_wait(&mut self, id: WaitId) -> bool {
        if let Some(wait) = self.waits.get(&id) {
            self.client.world.with(|_| wait.is_cancelled.store(true, Ordering::Relaxed));
        }
        true
    }

    fn accept(&mut self, id: WaitId) -> Result<bool, LockError> {
        let Some(grant) = self.take_grant(id) else { return Ok(false) };
        if self.is_lost(grant.session) {
            return Ok(false);
        }
        let (world, session) = (Arc::clone(&self.client.world), grant.session);
        let monitor = Arc::new(Monitor { world, session });
        self.held = Some(Held { grant, monitor, was_recorded: false, run_began: Duration::ZERO });
        Ok(true)
    }

    fn discard(&mut self, id: WaitId) {
        if let Some(grant) = self.take_grant(id) {
            self.send_release(&grant, None);
        }
    }

    fn reassign(&mut self, _: OwnerId) -> bool {
        self.held.as_ref().is_some_and(|held| !self.is_lost(held.grant.session))
    }

    fn loss_monitor(&self) -> Option<Arc<dyn LossMonitor>> {
        let held = self.held.as_ref()?;
        Some(Arc::clone(&held.monitor) as Arc<dyn LossMonitor>)
    }

    fn record_holder(&mut self, mode: Mode, site: Option<&Site>, usage: Usage<'_>) -> Recorded {
        let Some(mut held) = self.held.take() else { return Recorded::default() };
        let first = held.grant.token;
        let is_first = !std::mem::replace(&mut held.was_recorded, true);
        let abandoned = held.grant.abandoned.clone().map(Box::new);
        let recorded = match mode {
            Mode::Shared => {
                Recorded { token: first, abandoned_by: abandoned, ..Recorded::default() }
            }
            Mode::Exclusive => {
                if !is_first {
                    let is_abandoned = usage.abandoned_by.is_some();
                    self.record(&held.grant, site.map(Holder::here), is_abandoned);
                }
                let token = if is_first { first } else { usage.last_token.max(first) + 2 };
                let token_reserve = (first + TOKEN_RESERVE).saturating_sub(token);
                let abandoned = abandoned.filter(|_| is_first);
                Recorded { token, token_reserve, abandoned_by: abandoned, ..Recorded::default() }
            }
        };
        self.held = Some(held);
        recorded
    }

    fn clear_holder(&mut self, _: u64) {
        if let Some(held) = &self.held {
            self.record(&held.grant, None, false);
        }
    }

    fn begin_run(&mut self) -> Result<Option<LastRun>, LockError> {
        let now = self.client.world.with(|state| state.now());
        let Some(held) = &mut self.held else { return Ok(None) };
        held.run_began = now;
        Ok(held.grant.last_run.as_ref().map(|run| run.at(now)))
    }

    fn record_run(&mut self, site: &Site, period: Duration) -> Result<(), LockError> {
        let Some(held) = &mut self.held else { return Ok(()) };
        let run = Run { began: held.run_began, period, holder: Holder::here(site) };
        let forgets = self.client.world.flaw == Some(Flaw::ForgetsRuns);
        held.grant.last_run = Some(run.clone()).filter(|_| !forgets);
        let (name, number, session) = (self.name.clone(), held.grant.number, held.grant.session);
        let request = Request::RecordRun { name, number, run };
        self.client.world.with(|state| state.send(session, &request));
        Ok(())
    }

    fn release(&mut self, mode: Mode, usage: Option<Usage<'_>>) -> Result<(), LockError> {
        let has = |flaw| self.client.world.flaw == Some(flaw);
        let in_any_mode = has(Flaw::ReleasesInAnyMode);
        let clears_unreported = has(Flaw::ClearsUnreportedAbandonment);
        if let Some(held) = self.held.take_if(|held| in_any_mode || held.grant.mode == mode) {
            let usage = usage.filter(|_| clears_unreported || held.was_recorded);
            let released_as = |usage: Usage<'_>| match usage.abandoned_by {
                Some(_) => ReleasedAs::Abandoned,
                None => ReleasedAs::Clean,
            };
            self.send_release(&held.grant, usage.map(released_as));
        }
        Ok(())
    }
}

impl Drop for LeaseClaim {
    fn drop(&mut self) {
        if let Some(held) = self.held.take() {
            self.send_release(&held.grant, None);
        }
    }
}
