//! One acquisition at the server: asked for, waited for, called off, given a token.

use std::sync::Arc;

use tokio::task::yield_now;
use tokio::time::{sleep, timeout};
use tokio_postgres::error::SqlState;
use tokio_postgres::types::ToSql;
use tokio_postgres::{Error, Row};

use super::cancel::is_cancelled;
use super::cancel_token::{Recall, Stage};
use super::driver::{Keeper, briefly};
use super::holder;
use super::pool::Lease;
use super::queries::Question;
use super::server::{failed, sentence};
use super::session::{PATIENCE, Session};
use crate::engine::{Mode, WaitRequest};
use crate::error::LockError;
use crate::holder::Holder;
use crate::name::LockName;
use crate::site::Site;
use crate::this_process::ThisProcess;

/// How many names a process may hold at once. All sessions share the server's memory for locks;
/// about 12,500 in all exhaust it for everybody.
const LOCKS: usize = 1_000;

/// A lock that the server has granted.
#[derive(Debug)]
pub(super) struct Arrival {
    pub(super) session: Arc<Session>,
    pub(super) mode: Mode,
    /// The token in the table.
    pub(super) token: i64,
    pub(super) abandoned: Option<Box<Holder>>,
}

/// What is asked for, and by whom.
pub(super) struct Errand {
    pub(super) keeper: Arc<Keeper>,
    pub(super) name: LockName,
    pub(super) key: i64,
    pub(super) request: WaitRequest,
    pub(super) recall: Arc<Recall>,
}

impl Errand {
    /// The lock, unless it is elsewhere and not waited for, or the errand is called off.
    pub(super) async fn run(&self) -> Result<Option<Arrival>, LockError> {
        if !self.request.yield_first.is_zero() {
            sleep(self.request.yield_first).await;
        }
        loop {
            let Some(lease) = self.lease().await? else { return Ok(None) };
            let (session, is_pooled) = (Arc::clone(&lease.session), lease.is_pooled);
            match self.ask(lease).await {
                // A connection that had been cut before anything was asked of it.
                Err(Failure::Server(error))
                    if is_pooled && session.is_closed() && error.code().is_none() => {}
                result => return result.map_err(|failure| self.trouble(&session, &failure)),
            }
        }
    }

    /// A session for this call chain, which may have to be waited for.
    async fn lease(&self) -> Result<Option<Lease>, LockError> {
        let Self { keeper, request, .. } = self;
        if keeper.roster.locks_held() >= LOCKS {
            let text = format!("this process holds {LOCKS} locks there already");
            return Err(failed(&self.operation(), keeper.server.address(), text.into()));
        }
        self.recall.reach(Stage::Unconnected);
        let place = tokio::select! {
            biased;
            place = keeper.roster.place(request.owner) => place,
            () = self.recall.wait() => return Ok(None),
            // Nor is whoever asks once kept by others of this process.
            () = sleep(PATIENCE), if !request.blocking => {
                let text = keeper.no_connection();
                return Err(failed(&self.operation(), keeper.server.address(), text.into()));
            }
        };
        self.recall.reach(Stage::Unanswered);
        tokio::select! {
            biased;
            lease = keeper.lease(place, request.owner) => lease.map(Some),
            () = self.recall.wait() => Ok(None),
            () = sleep(PATIENCE), if !request.blocking => {
                Err(failed(&self.operation(), keeper.server.address(), silence().into()))
            }
        }
    }

    async fn ask(&self, lease: Lease) -> Result<Option<Arrival>, Failure> {
        let session = Arc::clone(&lease.session);
        // What was given back just now is on its way first, this name itself perhaps.
        yield_now().await;
        loop {
            let _turn = session.turn().await;
            let got = match self.request.mode {
                Mode::Exclusive => self.claim(&session).await,
                Mode::Shared => self.join(&session).await,
            };
            if matches!(got, Ok(Some(_))) {
                lease.hold();
                return got;
            }
            if let Err(failure) = &got {
                self.clean_up(&session, failure).await;
            }
            session.absorb_cancel().await;
            // Otherwise it has let a release pass.
            if got.is_err() || !self.request.blocking || self.recall.is_called() {
                return got;
            }
        }
    }

    async fn claim(&self, session: &Arc<Session>) -> Result<Option<Arrival>, Failure> {
        let Some(rows) = self.record(session, Question::Claim).await? else { return Ok(None) };
        if let Some(row) = rows.first() {
            return self.arrival(session, row).map(Some);
        }
        if !self.request.blocking || !self.wait(session, Question::Wait).await? {
            return Ok(None);
        }
        let Some(rows) = self.record(session, Question::Record).await? else { return Ok(None) };
        self.arrival(session, &rows[0]).map(Some)
    }

    async fn join(&self, session: &Arc<Session>) -> Result<Option<Arrival>, Failure> {
        let Some(rows) = self.ask_until_called_off(session, Question::Join, &[&self.key]).await?
        else {
            return Ok(None);
        };
        let mut is_in: bool = rows[0].try_get(0)?;
        if !is_in && self.request.blocking {
            is_in = self.wait(session, Question::WaitToJoin).await?;
        }
        if !is_in {
            return Ok(None);
        }
        let (namespace, name) = (self.namespace(), self.name.as_str());
        let parameters: [&(dyn ToSql + Sync); 3] = [&self.key, &namespace, &name];
        loop {
            let rows = session.ask(Question::Read, &parameters).await?;
            let arrival = rows.first().map(|row| self.arrival(session, row)).transpose()?;
            let question = match arrival {
                Some(arrival) if arrival.token & 1 == 1 => return Ok(Some(arrival)),
                Some(_) => Question::Enter,
                // No writer has ever been there. A second reader may be as fast as this one.
                None => Question::Plant,
            };
            if self.ask_until_called_off(session, question, &parameters).await?.is_none() {
                return Ok(None);
            }
        }
    }

    /// Waits in the server; `false` where that was called off.
    async fn wait(&self, session: &Arc<Session>, question: Question) -> Result<bool, Failure> {
        self.recall.reach(Stage::Elsewhere);
        let granted = self.ask_until_called_off(session, question, &[&self.key]).await?;
        Ok(granted.is_some())
    }

    /// Asks what has the holder recorded.
    async fn record(
        &self,
        session: &Arc<Session>,
        question: Question,
    ) -> Result<Option<Vec<Row>>, Failure> {
        let (namespace, name) = (self.namespace(), self.name.as_str());
        let recorded = Registered::of(self.request.site.as_ref());
        let [file, line, function, program, process, host] = recorded.parameters();
        let parameters: [&(dyn ToSql + Sync); 9] =
            [&self.key, &namespace, &name, file, line, function, program, process, host];
        self.ask_until_called_off(session, question, &parameters).await
    }

    /// The answer, unless the errand is called off before it comes; then the lock is not held.
    async fn ask_until_called_off(
        &self,
        session: &Arc<Session>,
        question: Question,
        parameters: &[&(dyn ToSql + Sync)],
    ) -> Result<Option<Vec<Row>>, Failure> {
        let mut answer = std::pin::pin!(session.ask(question, parameters));
        tokio::select! {
            biased;
            answer = &mut answer => return Ok(Some(answer?)),
            () = self.recall.wait() => {}
            // What this call chain gives back is not kept by what it waits for.
            () = session.until_wanted(), if self.request.blocking => {}
            // Whoever asks once is not kept for long, not even by a server that hangs.
            () = sleep(PATIENCE), if !self.request.blocking => {}
        }
        match timeout(PATIENCE, session.call_off(question, answer)).await {
            Ok(Ok(rows)) => self.disown(session, &rows).await,
            Ok(answer) if is_cancelled(&answer) => {}
            Ok(answer) => drop(answer?),
            Err(_) => return Err(Failure::Silence),
        }
        // The lock may have been granted all the same.
        self.unlock_if_held(session).await;
        Ok(None)
    }

    /// Has the record say nothing of this errand, which was granted the lock and does not use it.
    async fn disown(&self, session: &Arc<Session>, rows: &[Row]) {
        if let Some(Ok(Arrival { token, .. })) = rows.first().map(|row| self.arrival(session, row))
        {
            briefly(session.ask_again(Question::Return, &[&self.key, &token])).await;
        }
    }

    /// Sees to it that what was granted in spite of an error does not stay.
    async fn clean_up(&self, session: &Arc<Session>, failure: &Failure) {
        if failure.is_deadlock() {
            // The other locks of this chain are what others wait for.
            session
                .close("its call owner was in a deadlock, which the server has ended".to_owned());
        } else if matches!(failure, Failure::Silence) {
            session.close("the server did not answer".to_owned());
        } else if !session.is_closed() {
            self.unlock_if_held(session).await;
        }
    }

    async fn unlock_if_held(&self, session: &Arc<Session>) {
        let question = match self.request.mode {
            Mode::Exclusive => Question::UnlockIfHeld,
            Mode::Shared => Question::UnlockSharedIfHeld,
        };
        if !matches!(timeout(PATIENCE, session.ask_again(question, &[&self.key])).await, Ok(Ok(_)))
        {
            session.close("the server did not take back a lock".to_owned());
        }
    }

    fn arrival(&self, session: &Arc<Session>, row: &Row) -> Result<Arrival, Failure> {
        if !row.try_get::<_, bool>(1)? {
            return Err(Failure::Collision);
        }
        Ok(Arrival {
            session: Arc::clone(session),
            mode: self.request.mode,
            token: row.try_get(0)?,
            abandoned: holder::read(row, 2),
        })
    }

    fn namespace(&self) -> &str {
        &self.keeper.server.address().namespace
    }

    fn operation(&self) -> String {
        format!("acquire lock `{}`", self.name)
    }

    fn trouble(&self, session: &Session, failure: &Failure) -> LockError {
        let address = self.keeper.server.address();
        if failure.is_deadlock() {
            return LockError::Deadlock {
                name: Box::new(self.name.clone()),
                location: address.shown(),
            };
        }
        let text = match failure {
            Failure::Server(error) => {
                let why = session.end().filter(|_| error.code().is_none());
                why.unwrap_or_else(|| sentence(error))
            }
            Failure::Silence => silence(),
            Failure::Collision => {
                "another name has the same key in the table jam_lock: rename this one".to_owned()
            }
        };
        failed(&self.operation(), address, text.into())
    }
}

/// Why a lock was not had, but for others who have it.
#[derive(Debug)]
enum Failure {
    Server(Error),
    Silence,
    /// Another name has the same key.
    Collision,
}

impl Failure {
    fn is_deadlock(&self) -> bool {
        let Self::Server(error) = self else { return false };
        error.code() == Some(&SqlState::T_R_DEADLOCK_DETECTED)
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self::Server(error)
    }
}

fn silence() -> String {
    format!("the server has not answered for {} s", PATIENCE.as_secs())
}

/// What is recorded of a holder; nothing without a file, which is empty for who is in no source.
pub(super) struct Registered {
    file: Option<String>,
    line: i64,
    function: Option<&'static str>,
    process: i64,
    here: Arc<ThisProcess>,
}

impl Registered {
    pub(super) fn of(site: Option<&Site>) -> Self {
        let here = ThisProcess::get();
        Self {
            file: site.map(|site| site.file().unwrap_or_default().to_owned()),
            line: site.and_then(Site::line).map_or(0, i64::from),
            function: site.and_then(Site::function),
            process: i64::from(here.id),
            here,
        }
    }

    /// In the order in which the questions have them.
    pub(super) fn parameters(&self) -> [&(dyn ToSql + Sync); 6] {
        let Self { file, line, function, process, here } = self;
        [file, line, function, &here.program, process, &here.host]
    }
}
