//! The claim on one name at the server.

use std::collections::HashMap;
use std::future;
use std::pin::pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Poll, Waker};

use tokio_postgres::types::ToSql;

use super::farewell;
use super::keeper::{Keeper, briefly};
use super::pursuit::{Arrival, Errand, Recorded};
use super::recall::{Recall, Stage};
use super::session::{Releasing, Session};
use super::texts::{Question, SPARE};
use crate::engine::{
    Attempt, CallChain, Claim, Home, Mode, ProcessId, Publication, Pursuit, Used, Watch,
    WriterWaits, check_process,
};
use crate::site::Site;
use crate::{LockError, LockName};

/// One name at the server, in both modes.
pub(super) struct PostgresClaim {
    keeper: Arc<Keeper>,
    name: LockName,
    key: i64,
    /// A fork has no keeper.
    process: ProcessId,
    in_flight: HashMap<u64, InFlight>,
    held: Option<Held>,
}

/// An errand, and what it has brought.
struct InFlight {
    recall: Arc<Recall>,
    site: Option<Site>,
    arrival: Arc<Mutex<Option<Arrival>>>,
}

/// A claim that this process has.
struct Held {
    arrival: Arrival,
    tenure: Arc<Tenure>,
    /// Who is recorded as the holder.
    recorded: Option<Site>,
    /// Whether the table says that somebody before this holder died, or left the lock abandoned.
    is_abandoned: bool,
    /// Whether anybody was told of the claim.
    is_published: bool,
}

/// What a holder may ask about its lock.
#[derive(Debug)]
pub(crate) struct Tenure {
    keeper: Arc<Keeper>,
    session: Arc<Session>,
    key: i64,
    /// What the table says until a writer has the lock, or a reader after a writer.
    token: i64,
}

impl Tenure {
    /// What a transaction asks that only who has this claim may end.
    pub(crate) fn fence_statement(&self) -> String {
        let Self { keeper, key, token, .. } = self;
        let table = keeper.server.table();
        format!("SELECT 1 FROM {table} WHERE key = {key} AND token = {token} FOR SHARE")
    }
}

impl PostgresClaim {
    pub(super) fn new(keeper: Arc<Keeper>, name: LockName, key: i64, process: ProcessId) -> Self {
        Self { keeper, name, key, process, in_flight: HashMap::new(), held: None }
    }

    /// What pursuit `number` has brought.
    fn land(&mut self, number: u64) -> Option<(Arrival, Option<Site>)> {
        let InFlight { arrival, site, .. } = self.in_flight.remove(&number)?;
        let arrival = arrival.lock().unwrap_or_else(PoisonError::into_inner).take();
        arrival.map(|arrival| (arrival, site))
    }

    /// Has the server record who uses the claim, on its session, in the order in which this is
    /// called; `is_abandoned` where the one before was not clean, or the first death still stands.
    fn tell(&self, arrival: &Arrival, site: Option<Site>, is_abandoned: bool) {
        let (session, key) = (Arc::clone(&arrival.session), self.key);
        let token = arrival.token;
        self.keeper.handle.spawn(async move {
            let recorded = Recorded::of(site.as_ref());
            let [file, line, function, program, process, host] = recorded.parameters();
            let parameters: [&(dyn ToSql + Sync); 9] =
                [&key, &token, file, line, function, program, process, host, &is_abandoned];
            if briefly(session.ask(Question::Publish, &parameters)).await.is_none() {
                // Otherwise a death of this holder would not be known. So its lock counts as lost.
                session.close("the server did not record the holder of a lock".to_owned());
            }
        });
    }

    /// Gives back what was brought, after `mark` has recorded how it is left.
    fn give_back(&self, arrival: Arrival, mark: Question) {
        let releasing = arrival.session.releasing();
        farewell::wait_at_the_end_of_this_thread(&self.keeper);
        let release = Release { keeper: Arc::clone(&self.keeper), key: self.key, arrival, mark };
        self.keeper.handle.spawn(release.run(releasing));
    }
}

impl Claim for PostgresClaim {
    fn check_process(&self) -> Result<(), LockError> {
        check_process(self.process, &self.name, || self.keeper.server.address().shown())
    }

    fn attempt(&mut self, _: Mode) -> Result<Attempt, LockError> {
        self.check_process()?;
        Ok(Attempt::Unknown)
    }

    fn find_waiting_writer(&mut self, found: WriterWaits) {
        let (keeper, key) = (Arc::clone(&self.keeper), self.key);
        self.keeper.handle.spawn(async move {
            let Ok(session) = keeper.aside().await else { return };
            let rows = briefly(session.ask(Question::WaitingWriter, &[&key])).await;
            if rows.is_some_and(|rows| !rows.is_empty()) {
                found();
            }
        });
    }

    fn pursue(&mut self, pursuit: Pursuit, home: Home) -> Result<(), LockError> {
        self.check_process()?;
        let (recall, arrival) = (Arc::<Recall>::default(), Arc::<Mutex<_>>::default());
        let in_flight = InFlight {
            recall: Arc::clone(&recall),
            site: pursuit.site,
            arrival: Arc::clone(&arrival),
        };
        self.in_flight.insert(pursuit.number, in_flight);
        let (keeper, name, key) = (Arc::clone(&self.keeper), self.name.clone(), self.key);
        let errand = Errand { keeper, name, key, pursuit, recall };
        let mut homing = Homing { home: Some(home), place: self.keeper.server.address().shown() };
        self.keeper.handle.spawn(async move {
            let result = errand.run().await.map(|brought| {
                let is_brought = brought.is_some();
                *arrival.lock().unwrap_or_else(PoisonError::into_inner) = brought;
                is_brought
            });
            homing.end(result);
        });
        Ok(())
    }

    fn is_current(&mut self, number: u64) -> Result<bool, LockError> {
        Ok(self.in_flight.contains_key(&number))
    }

    fn obstacle(&self, number: u64) -> Option<String> {
        match self.in_flight.get(&number)?.recall.stage() {
            Stage::Unconnected => Some(self.keeper.no_connection()),
            // One that answers others is only busy with this.
            Stage::Unanswered if !self.keeper.roster.is_heard_of() => {
                Some("the server has not answered".to_owned())
            }
            Stage::Unanswered | Stage::Elsewhere => None,
        }
    }

    fn recall(&mut self, number: u64) -> bool {
        if let Some(in_flight) = self.in_flight.get(&number) {
            in_flight.recall.call();
        }
        true
    }

    fn welcome(&mut self, number: u64) -> Result<bool, LockError> {
        let Some((arrival, recorded)) = self.land(number) else { return Ok(false) };
        if arrival.session.end().is_some() {
            return Ok(false);
        }
        let tenure = Arc::new(Tenure {
            keeper: Arc::clone(&self.keeper),
            session: Arc::clone(&arrival.session),
            key: self.key,
            token: arrival.token,
        });
        let is_abandoned = arrival.abandoned.is_some();
        self.held = Some(Held { arrival, tenure, recorded, is_abandoned, is_published: false });
        Ok(true)
    }

    fn dismiss(&mut self, number: u64) {
        if let Some((arrival, _)) = self.land(number) {
            self.give_back(arrival, Question::Return);
        }
    }

    fn pass_to(&mut self, chain: CallChain) -> bool {
        self.held.as_ref().is_some_and(|held| {
            let session = &held.arrival.session;
            session.end().is_none() && self.keeper.roster.pass(session, chain)
        })
    }

    fn watch(&self) -> Option<Arc<dyn Watch>> {
        let held = self.held.as_ref()?;
        Some(Arc::clone(&held.tenure) as Arc<dyn Watch>)
    }

    fn publish(&mut self, mode: Mode, site: Option<&Site>, used: Used<'_>) -> Publication {
        let Some(mut held) = self.held.take() else { return Publication::default() };
        let first = u64::try_from(held.arrival.token).unwrap_or_default();
        let publication = if mode == Mode::Shared {
            // Between the last that the writer before may have given out, and the next writer's.
            let abandoned = held.arrival.abandoned.clone();
            Publication { token: first + SPARE, abandoned, ..Publication::default() }
        } else {
            let abandoned = held.arrival.abandoned.clone().filter(|_| !held.is_published);
            let is_abandoned = used.abandoned.is_some() || abandoned.is_some();
            if held.recorded != site.copied() || held.is_abandoned != is_abandoned {
                (held.recorded, held.is_abandoned) = (site.copied(), is_abandoned);
                self.tell(&held.arrival, held.recorded, is_abandoned);
            }
            let token = if held.is_published { used.last.max(first) + 2 } else { first };
            let spare = (first + SPARE).saturating_sub(token);
            Publication { token, spare, abandoned, ..Publication::default() }
        };
        held.is_published = true;
        self.held = Some(held);
        publication
    }

    fn withdraw(&mut self, _: u64) {
        if self.check_process().is_err() {
            return;
        }
        let Some(mut held) = self.held.take() else { return };
        if held.recorded.is_some() || held.is_abandoned {
            (held.recorded, held.is_abandoned) = (None, false);
            self.tell(&held.arrival, None, false);
        }
        self.held = Some(held);
    }

    fn release(&mut self, mode: Mode, used: Option<Used<'_>>) -> Result<(), LockError> {
        self.check_process()?;
        if let Some(held) = self.held.take_if(|held| held.arrival.mode == mode) {
            let mark = match used {
                Some(Used { abandoned: None, .. }) if held.is_published => Question::Free,
                Some(Used { abandoned: Some(_), .. }) if held.is_published => Question::Abandon,
                // What nobody was told of is for the next holder.
                _ => Question::Return,
            };
            self.give_back(held.arrival, mark);
        }
        Ok(())
    }
}

impl Drop for PostgresClaim {
    fn drop(&mut self) {
        if self.check_process().is_ok() {
            if let Some(held) = self.held.take() {
                self.give_back(held.arrival, Question::Return);
            }
        }
    }
}

/// Comes home even where its task panics, so that nobody waits for ever.
struct Homing {
    home: Option<Home>,
    place: String,
}

impl Homing {
    fn end(&mut self, result: Result<bool, LockError>) {
        if let Some(home) = self.home.take() {
            home(result);
        }
    }
}

impl Drop for Homing {
    fn drop(&mut self) {
        let operation = "acquire a lock".to_owned();
        let error = "the engine has stopped".into();
        let place = std::mem::take(&mut self.place);
        self.end(Err(LockError::Engine { operation, place, error }));
    }
}

/// A lock on its way back.
struct Release {
    keeper: Arc<Keeper>,
    key: i64,
    arrival: Arrival,
    /// What records how it is left.
    mark: Question,
}

impl Release {
    async fn run(self, _releasing: Releasing) {
        let Self { keeper, key, arrival: Arrival { session, mode, token, .. }, mark } = self;
        let (unlock, marks) = match mode {
            Mode::Exclusive => (Question::Unlock, true),
            Mode::Shared => (Question::UnlockShared, false),
        };
        let mark = async { !marks || briefly(session.ask(mark, &[&key, &token])).await.is_some() };
        let unlock = async {
            let rows = briefly(session.ask(unlock, &[&key])).await?;
            rows.first()?.try_get::<_, bool>(0).ok()
        };
        let mut both = pin!(async { tokio::join!(mark, unlock) });
        let turn = session.turn_to_release().await;
        let _unanswered = session.unanswered().await;
        // Both are asked at once, so that whoever uses the session next comes after them.
        let asked = future::poll_fn(|context| Poll::Ready(both.as_mut().poll(context))).await;
        drop(turn);
        keeper.roster.give_back(&session);
        let (is_marked, unlocked) = match asked {
            Poll::Ready(answers) => answers,
            Poll::Pending => both.await,
        };
        if !(is_marked && unlocked == Some(true)) {
            // Its end is what gives the lock back then.
            session.close("the server did not take back a lock".to_owned());
        }
    }
}

impl Watch for Tenure {
    fn loss(&self) -> Option<String> {
        self.session.end()
    }

    fn on_loss(&self, waker: &Waker) {
        self.session.on_end(waker);
    }

    fn settle(&self) {
        self.session.settle();
    }

    fn as_any(&self) -> Option<&dyn std::any::Any> {
        Some(self)
    }
}
