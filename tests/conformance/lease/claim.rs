//! The claim of one process on one name.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use jam_lock::engine::{Attempt, CallChain, Claim, Home, Mode, Publication, Pursuit, Used, Watch};
use jam_lock::{Holder, LockError, Site};

use super::Flaw;
use super::client::{Arrival, Client, Tenure};
use super::server::{Left, Request, SPARE};

pub(super) struct LeaseClaim {
    client: Arc<Client>,
    name: String,
    in_flight: HashMap<u64, InFlight>,
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

    fn land(&mut self, number: u64) -> Option<Arrival> {
        let in_flight = self.in_flight.remove(&number)?;
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

    fn give_back(&self, arrival: &Arrival, left: Option<Left>) {
        let (name, number) = (self.name.clone(), arrival.number);
        let request = Request::Release { name, number, left };
        self.client.world.with(|state| state.send(arrival.session, &request));
    }
}

impl Claim for LeaseClaim {
    fn check_process(&self) -> Result<(), LockError> {
        Ok(())
    }

    fn attempt(&mut self, _: Mode) -> Result<Attempt, LockError> {
        Ok(Attempt::Unknown)
    }

    fn pursue(&mut self, pursuit: Pursuit, home: Home) -> Result<(), LockError> {
        let in_flight = InFlight::default();
        let (client, name) = (Arc::clone(&self.client), self.name.clone());
        let (is_recalled, arrival) =
            (Arc::clone(&in_flight.is_recalled), Arc::clone(&in_flight.arrival));
        self.in_flight.insert(pursuit.number, in_flight);
        thread::spawn(move || {
            let brought = client.pursue(&name, &pursuit, &is_recalled);
            let is_brought = brought.is_some();
            *arrival.lock().unwrap_or_else(PoisonError::into_inner) = brought;
            home(Ok(is_brought));
        });
        Ok(())
    }

    fn is_current(&mut self, number: u64) -> Result<bool, LockError> {
        Ok(self.in_flight.contains_key(&number))
    }

    fn recall(&mut self, number: u64) -> bool {
        if let Some(in_flight) = self.in_flight.get(&number) {
            self.client.world.with(|_| in_flight.is_recalled.store(true, Ordering::Relaxed));
        }
        true
    }

    fn welcome(&mut self, number: u64) -> Result<bool, LockError> {
        let Some(arrival) = self.land(number) else { return Ok(false) };
        if self.is_lost(arrival.session) {
            return Ok(false);
        }
        let (world, session) = (Arc::clone(&self.client.world), arrival.session);
        let tenure = Arc::new(Tenure { world, session });
        self.held = Some(Held { arrival, tenure, is_published: false });
        Ok(true)
    }

    fn dismiss(&mut self, number: u64) {
        if let Some(arrival) = self.land(number) {
            self.give_back(&arrival, None);
        }
    }

    fn pass_to(&mut self, _: CallChain) -> bool {
        self.held.as_ref().is_some_and(|held| !self.is_lost(held.arrival.session))
    }

    fn watch(&self) -> Option<Arc<dyn Watch>> {
        let held = self.held.as_ref()?;
        Some(Arc::clone(&held.tenure) as Arc<dyn Watch>)
    }

    fn publish(&mut self, mode: Mode, site: Option<&Site>, used: Used<'_>) -> Publication {
        let Some(mut held) = self.held.take() else { return Publication::default() };
        let first = held.arrival.token;
        let is_first = !std::mem::replace(&mut held.is_published, true);
        let abandoned = held.arrival.abandoned.clone().map(Box::new);
        let publication = match mode {
            Mode::Shared => Publication { token: first, abandoned, ..Publication::default() },
            Mode::Exclusive => {
                if !is_first {
                    let is_abandoned = used.abandoned.is_some();
                    self.record(&held.arrival, site.map(Holder::here), is_abandoned);
                }
                let token = if is_first { first } else { used.last.max(first) + 2 };
                let spare = (first + SPARE).saturating_sub(token);
                let abandoned = abandoned.filter(|_| is_first);
                Publication { token, spare, abandoned, ..Publication::default() }
            }
        };
        self.held = Some(held);
        publication
    }

    fn withdraw(&mut self, _: u64) {
        if let Some(held) = &self.held {
            self.record(&held.arrival, None, false);
        }
    }

    fn release(&mut self, mode: Mode, used: Option<Used<'_>>) -> Result<(), LockError> {
        let has = |flaw| self.client.world.flaw == Some(flaw);
        let (any, forgets) = (has(Flaw::ReleasesInAnyMode), has(Flaw::ForgetsWhatNobodyHeard));
        if let Some(held) = self.held.take_if(|held| any || held.arrival.mode == mode) {
            let used = used.filter(|_| forgets || held.is_published);
            let left = |used: Used<'_>| match used.abandoned {
                Some(_) => Left::Abandoned,
                None => Left::InOrder,
            };
            self.give_back(&held.arrival, used.map(left));
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
