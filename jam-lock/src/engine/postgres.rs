//! The PostgreSQL engine: a name is a session-level advisory lock of a database.

mod address;
mod calling_off;
mod claim;
mod clock;
mod farewell;
mod fitness;
mod holder;
mod keeper;
mod key;
mod opening;
mod pulse;
mod pursuit;
mod recall;
mod roster;
mod session;
mod survey;
mod texts;
mod tls;
mod wakers;

use std::ffi::{OsStr, OsString};
use std::fmt;
use std::process;
use std::sync::Arc;

use self::claim::PostgresClaim;
use self::keeper::{Keeper, briefly};
use self::texts::Question;
use super::{Ability, Claim, Engine, ProcessId, Tell};
use crate::{LockError, LockName, Status};

pub(crate) use self::address::Address;
pub(crate) use self::claim::Tenure;

/// The locks of one namespace in one database.
pub(crate) struct PostgresEngine {
    keeper: Arc<Keeper>,
    /// A fork has to open an engine of its own.
    process: ProcessId,
    identity: OsString,
    shown: String,
}

impl PostgresEngine {
    /// Connects to the server, and refuses one whose locks would not hold.
    pub(crate) fn open(address: Address) -> Result<Self, LockError> {
        let (process, shown) = (ProcessId::current(), address.shown());
        let keeper = Keeper::start(address)?;
        farewell::wait_at_the_end_of_this_thread(&keeper);
        let identity = format!("{:x}:postgres:{}", process.get(), keeper.server.identity).into();
        Ok(Self { keeper, process, identity, shown })
    }

    /// The same locks, as another process has them that shares no gate with this one.
    #[cfg(feature = "conformance")]
    pub(crate) fn of_process(mut self, number: u64) -> Self {
        self.identity.push(format!(":{number}"));
        self
    }
}

impl Engine for PostgresEngine {
    fn can(&self, ability: Ability) -> bool {
        match ability {
            // The server queues who waits, and looks for circles after `deadlock_timeout`; a session
            // can be lost while its holder goes on.
            Ability::Shares
            | Ability::TellsOfDeaths
            | Ability::Loses
            | Ability::ServesInOrder
            | Ability::SeesCircles => true,
        }
    }

    fn identity(&self) -> &OsStr {
        &self.identity
    }

    fn location(&self) -> String {
        self.shown.clone()
    }

    fn place(&self, _: &LockName) -> String {
        self.shown.clone()
    }

    fn find_holder(&self, name: &LockName, tell: Tell) {
        let (keeper, name) = (Arc::clone(&self.keeper), name.clone());
        self.keeper.handle.spawn(async move {
            let namespace = &keeper.server.address().namespace;
            let key = key::key(namespace, &name);
            let find = async {
                let session = keeper.aside().await.ok()?;
                let parameters: [&(dyn tokio_postgres::types::ToSql + Sync); 3] =
                    [&key, namespace, &name.as_str()];
                let rows = briefly(session.ask(Question::Holder, &parameters)).await?;
                holder::found(rows.first()?)
            };
            let found = find.await;
            tell(found);
        });
    }

    fn survey(&self) -> Result<Vec<Status>, LockError> {
        self.look(|keeper| survey::survey(keeper, None))
    }

    fn status(&self, name: &LockName) -> Result<Status, LockError> {
        let name = name.clone();
        self.look(|keeper| survey::status(keeper, name))
    }

    fn claim(&self, name: &LockName) -> Box<dyn Claim> {
        let key = key::key(&self.keeper.server.address().namespace, name);
        let keeper = Arc::clone(&self.keeper);
        Box::new(PostgresClaim::new(keeper, name.clone(), key, self.process))
    }
}

impl PostgresEngine {
    /// Blocks until the server has answered how locks stand.
    fn look<T: Send + 'static, F: Future<Output = Result<T, LockError>> + Send>(
        &self,
        ask: impl FnOnce(Arc<Keeper>) -> F + Send + 'static,
    ) -> Result<T, LockError> {
        let failed = |why: String| LockError::Engine {
            operation: survey::OPERATION.to_owned(),
            place: self.shown.clone(),
            error: why.into(),
        };
        if !self.process.is_current() {
            let (opened_by, here) = (self.process.number(), process::id());
            let why =
                format!("they were opened by process {opened_by} and this is its fork {here}");
            return Err(failed(why));
        }
        self.keeper.block(ask).unwrap_or_else(|why| Err(failed(why)))
    }
}

impl Drop for PostgresEngine {
    fn drop(&mut self) {
        if self.process.is_current() {
            self.keeper.stop();
        }
    }
}

impl fmt::Debug for PostgresEngine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PostgresEngine").field("location", &self.shown).finish_non_exhaustive()
    }
}
