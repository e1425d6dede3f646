//! The claim on one name at the server.

use std::collections::HashMap;
use std::future;
use std::pin::pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Poll, Waker};

use tokio_postgres::types::ToSql;

use super::acquire::{Arrival, Errand, Registered};
use super::cancel_token::{Recall, Stage};
use super::driver::{Keeper, briefly};
use super::flush_on_exit;
use super::queries::{Question, SPARE};
use super::session::{Releasing, Session};
use crate::engine::{
    Claim, LossMonitor, Mode, OwnerId, ProcessId, Recorded, TryAcquire, Usage, WaitDone, WaitId,
    WaitRequest, WriterWaiting, check_process,
};
use crate::error::LockError;
use crate::name::LockName;
use crate::site::Site;

/// One name at the server, in both modes.
pub(super) struct PostgresClaim {
    keeper: Arc<Keeper>,
    name: LockName,
    key: i64,
    /// A fork has no keeper.
    process: ProcessId,
    in_flight: HashMap<WaitId, InFlight>,
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
struct Tenure {
    keeper: Arc<Keeper>,
    session: Arc<Session>,
    key: i64,
    /// What the table says until a writer has the lock, or a reader after a writer.
    token: i64,
}

impl PostgresClaim {
    pub(super) fn new(keeper: Arc<Keeper>, name: LockName, key: i64, process: ProcessId) -> Self {
        Self { keeper, name, key, process, in_flight: HashMap::new(), held: None }
    }

    /// What pursuit `number` has brought.
    fn land(&mut self, id: WaitId) -> Option<(Arrival, Option<Site>)> {
        let InFlight { arrival, site, .. } = self.in_flight.remove(&id)?;
        let arrival = arrival.lock().unwrap_or_else(PoisonError::into_inner).take();
        arrival.map(|arrival| (arrival, site))
    }

    /// Has the server record who uses the claim, on its session, in the order in which this is
    /// called; `is_abandoned` where the one before was not clean, or the first death still stands.
    fn reply(&self, arrival: &Arrival, site: Option<Site>, is_abandoned: bool) {
        let (session, key) = (Arc::clone(&arrival.session), self.key);
        let token = arrival.token;
        self.keeper.handle.spawn(async move {
            let recorded = Registered::of(site.as_ref());
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
        flush_on_exit::wait_at_the_end_of_this_thread(&self.keeper);
        let release = Release { keeper: Arc::clone(&self.keeper), key: self.key, arrival, mark };
        self.keeper.handle.spawn(release.run(releasing));
    }
}

impl Claim for PostgresClaim {
    fn check_process(&self) -> Result<(), LockError> {
        check_process(self.process, &self.name, || self.keeper.server.address().shown())
    }

    fn try_acquire(&mut self, _: Mode) -> Result<TryAcquire, LockError> {
        self.check_process()?;
        Ok(TryAcquire::Unknown)
    }

    fn find_waiting_writer(&mut self, found: WriterWaiting) {
        let (keeper, key) = (Arc::clone(&self.keeper), self.key);
        self.keeper.handle.spawn(async move {
            let Ok(session) = keeper.aside().await else { return };
            let rows = briefly(session.ask(Question::WaitingWriter, &[&key])).await;
            if rows.is_some_and(|rows| !rows.is_empty()) {
                found();
            }
        });
    }

    fn start_wait(&mut self, request: WaitRequest, done: WaitDone) -> Result<(), LockError> {
        self.check_process()?;
        let (recall, arrival) = (Arc::<Recall>::default(), Arc::<Mutex<_>>::default());
        let in_flight = InFlight {
            recall: Arc::clone(&recall),
            site: request.site,
            arrival: Arc::clone(&arrival),
        };
        self.in_flight.insert(request.id, in_flight);
        let (keeper, name, key) = (Arc::clone(&self.keeper), self.name.clone(), self.key);
        let errand = Errand { keeper, name, key, request, recall };
        let mut homing =
            Homing { done: Some(done), location: self.keeper.server.address().shown() };
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

    fn is_wait_still_valid(&mut self, id: WaitId) -> Result<bool, LockError> {
        Ok(self.in_flight.contains_key(&id))
    }

    fn blocked_on(&self, id: WaitId) -> Option<String> {
        match self.in_flight.get(&id)?.recall.stage() {
            Stage::Unconnected => Some(self.keeper.no_connection()),
            // One that answers others is only busy with this.
            Stage::Unanswered if !self.keeper.roster.is_heard_of() => {
                Some("the server has not answered".to_owned())
            }
            Stage::Unanswered | Stage::Elsewhere => None,
        }
    }

    fn cancel_wait(&mut self, id: WaitId) -> bool {
        if let Some(in_flight) = self.in_flight.get(&id) {
            in_flight.recall.call();
        }
        true
    }

    fn accept(&mut self, id: WaitId) -> Result<bool, LockError> {
        let Some((arrival, recorded)) = self.land(id) else { return Ok(false) };
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

    fn discard(&mut self, id: WaitId) {
        if let Some((arrival, _)) = self.land(id) {
            self.give_back(arrival, Question::Return);
        }
    }

    fn reassign(&mut self, owner: OwnerId) -> bool {
        self.held.as_ref().is_some_and(|held| {
            let session = &held.arrival.session;
            session.end().is_none() && self.keeper.roster.pass(session, owner)
        })
    }

    fn loss_monitor(&self) -> Option<Arc<dyn LossMonitor>> {
        let held = self.held.as_ref()?;
        Some(Arc::clone(&held.tenure) as Arc<dyn LossMonitor>)
    }

    fn record_holder(&mut self, mode: Mode, site: Option<&Site>, usage: Usage<'_>) -> Recorded {
        let Some(mut held) = self.held.take() else { return Recorded::default() };
        let first = u64::try_from(held.arrival.token).unwrap_or_default();
        let recorded = if mode == Mode::Shared {
            // Between the last that the writer before may have given out, and the next writer's.
            let abandoned = held.arrival.abandoned.clone();
            Recorded { token: first + SPARE, abandoned_by: abandoned, ..Recorded::default() }
        } else {
            let abandoned = held.arrival.abandoned.clone().filter(|_| !held.is_published);
            let is_abandoned = usage.abandoned_by.is_some() || abandoned.is_some();
            if held.recorded != site.copied() || held.is_abandoned != is_abandoned {
                (held.recorded, held.is_abandoned) = (site.copied(), is_abandoned);
                self.reply(&held.arrival, held.recorded, is_abandoned);
            }
            let token = if held.is_published { usage.last_token.max(first) + 2 } else { first };
            let token_reserve = (first + SPARE).saturating_sub(token);
            Recorded { token, token_reserve, abandoned_by: abandoned, ..Recorded::default() }
        };
        held.is_published = true;
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
            self.reply(&held.arrival, None, false);
        }
        self.held = Some(held);
    }

    fn release(&mut self, mode: Mode, usage: Option<Usage<'_>>) -> Result<(), LockError> {
        self.check_process()?;
        if let Some(held) = self.held.take_if(|held| held.arrival.mode == mode) {
            let mark = match usage {
                Some(Usage { abandoned_by: None, .. }) if held.is_published => Question::Free,
                Some(Usage { abandoned_by: Some(_), .. }) if held.is_published => Question::Abandon,
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
    done: Option<WaitDone>,
    location: String,
}

impl Homing {
    fn end(&mut self, result: Result<bool, LockError>) {
        if let Some(done) = self.done.take() {
            done(result);
        }
    }
}

impl Drop for Homing {
    fn drop(&mut self) {
        let operation = "acquire a lock".to_owned();
        let error = "the engine has stopped".into();
        let location = std::mem::take(&mut self.location);
        self.end(Err(LockError::Engine { operation, location, error }));
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

impl LossMonitor for Tenure {
    fn lost_reason(&self) -> Option<String> {
        self.session.end()
    }

    fn on_loss(&self, waker: &Waker) {
        self.session.on_end(waker);
    }

    fn flush(&self) {
        self.session.flush();
    }

    fn fence_statement(&self) -> Option<String> {
        let Self { keeper, key, token, .. } = self;
        let table = keeper.server.table();
        Some(format!("SELECT 1 FROM {table} WHERE key = {key} AND token = {token} FOR SHARE"))
    }
}
