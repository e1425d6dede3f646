//! The claim of one process on one name.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use jam_lock::engine::{
    Claim, LossMonitor, Mode, OwnerId, Recorded, TryAcquire, Usage, WaitDone, WaitId, WaitRequest,
};
use jam_lock::{Holder, LockError, Site};

use super::Flaw;
use super::client::{Arrival, Client, Tenure};
use super::server::{Ending, Request, SPARE};

pub(super) struct LeaseClaim {
    client: Arc<Client>,
    name: String,
    in_flight: HashMap<WaitId, InFlight>,
    held: Option<Held>,
}

/// A thread that asks for a lease.
#[derive(Default)]
struct InFlight {
    is_recalled: Arc<AtomicBool>,
    arrival: Arc<Mutex<Option<Arrival>>>,
}

struct Held {
    arrival: Arrival,
    tenure: Arc<Tenure>,
    is_published: bool,
}

impl LeaseClaim {
    pub(super) fn new(client: Arc<Client>, name: &str) -> Self {
        Self { client, name: name.to_owned(), in_flight: HashMap::new(), held: None }
    }

    fn land(&mut self, id: WaitId) -> Option<Arrival> {
        let in_flight = self.in_flight.remove(&id)?;
        in_flight.arrival.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    fn is_lost(&self, session: usize) -> bool {
        self.client.world.with(|state| state.loss(session).is_some())
    }

    fn record(&self, arrival: &Arrival, holder: Option<Holder>, is_abandoned: bool) {
        let (name, number) = (self.name.clone(), arrival.number);
        let request = Request::Publish { name, number, holder, is_abandoned };
        self.client.world.with(|state| state.send(arrival.session, &request));
    }

    fn give_back(&self, arrival: &Arrival, left: Option<Ending>) {
        let (name, number) = (self.name.clone(), arrival.number);
        let request = Request::Release { name, number, left };
        self.client.world.with(|state| state.send(arrival.session, &request));
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
        let in_flight = InFlight::default();
        let (client, name) = (Arc::clone(&self.client), self.name.clone());
        let (is_recalled, arrival) =
            (Arc::clone(&in_flight.is_recalled), Arc::clone(&in_flight.arrival));
        self.in_flight.insert(request.id, in_flight);
        thread::spawn(move || {
            let brought = client.start_wait(&name, &request, &is_recalled);
            let is_brought = brought.is_some();
            *arrival.lock().unwrap_or_else(PoisonError::into_inner) = brought;
            done(Ok(is_brought));
        });
        Ok(())
    }

    fn is_wait_still_valid(&mut self, id: WaitId) -> Result<bool, LockError> {
        Ok(self.in_flight.contains_key(&id))
    }

    fn cancel_wait(&mut self, id: WaitId) -> bool {
        if let Some(in_flight) = self.in_flight.get(&id) {
            self.client.world.with(|_| in_flight.is_recalled.store(true, Ordering::Relaxed));
        }
        true
    }

    fn accept(&mut self, id: WaitId) -> Result<bool, LockError> {
        let Some(arrival) = self.land(id) else { return Ok(false) };
        if self.is_lost(arrival.session) {
            return Ok(false);
        }
        let (world, session) = (Arc::clone(&self.client.world), arrival.session);
        let tenure = Arc::new(Tenure { world, session });
        self.held = Some(Held { arrival, tenure, is_published: false });
        Ok(true)
    }

    fn discard(&mut self, id: WaitId) {
        if let Some(arrival) = self.land(id) {
            self.give_back(&arrival, None);
        }
    }

    fn reassign(&mut self, _: OwnerId) -> bool {
        self.held.as_ref().is_some_and(|held| !self.is_lost(held.arrival.session))
    }

    fn loss_monitor(&self) -> Option<Arc<dyn LossMonitor>> {
        let held = self.held.as_ref()?;
        Some(Arc::clone(&held.tenure) as Arc<dyn LossMonitor>)
    }

    fn record_holder(&mut self, mode: Mode, site: Option<&Site>, usage: Usage<'_>) -> Recorded {
        let Some(mut held) = self.held.take() else { return Recorded::default() };
        let first = held.arrival.token;
        let is_first = !std::mem::replace(&mut held.is_published, true);
        let abandoned = held.arrival.abandoned.clone().map(Box::new);
        let recorded = match mode {
            Mode::Shared => {
                Recorded { token: first, abandoned_by: abandoned, ..Recorded::default() }
            }
            Mode::Exclusive => {
                if !is_first {
                    let is_abandoned = usage.abandoned_by.is_some();
                    self.record(&held.arrival, site.map(Holder::here), is_abandoned);
                }
                let token = if is_first { first } else { usage.last_token.max(first) + 2 };
                let token_reserve = (first + SPARE).saturating_sub(token);
                let abandoned = abandoned.filter(|_| is_first);
                Recorded { token, token_reserve, abandoned_by: abandoned, ..Recorded::default() }
            }
        };
        self.held = Some(held);
        recorded
    }

    fn clear_holder(&mut self, _: u64) {
        if let Some(held) = &self.held {
            self.record(&held.arrival, None, false);
        }
    }

    fn release(&mut self, mode: Mode, usage: Option<Usage<'_>>) -> Result<(), LockError> {
        let has = |flaw| self.client.world.flaw == Some(flaw);
        let (any, forgets) = (has(Flaw::ReleasesInAnyMode), has(Flaw::ForgetsWhatNobodyHeard));
        if let Some(held) = self.held.take_if(|held| any || held.arrival.mode == mode) {
            let usage = usage.filter(|_| forgets || held.is_published);
            let left = |usage: Usage<'_>| match usage.abandoned_by {
                Some(_) => Ending::Abandoned,
                None => Ending::Clean,
            };
            self.give_back(&held.arrival, usage.map(left));
        }
        Ok(())
    }
}

impl Drop for LeaseClaim {
    fn drop(&mut self) {
        if let Some(held) = self.held.take() {
            self.give_back(&held.arrival, None);
        }
    }
}
