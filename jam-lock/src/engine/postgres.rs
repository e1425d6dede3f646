//! The PostgreSQL engine: a name is a session-level advisory lock of a database.

mod acquire;
mod boot_time;
mod cancel;
mod cancel_token;
mod claim;
mod driver;
mod flush_on_exit;
mod heartbeat;
mod holder;
mod key;
mod list;
mod pool;
mod preflight;
mod queries;
mod server;
mod session;
mod tls;
mod url;
mod wakers;

use std::ffi::{OsStr, OsString};
use std::fmt;
use std::process;
use std::sync::Arc;

use self::claim::PostgresClaim;
use self::driver::{Keeper, briefly};
use self::queries::Question;
use super::{Capability, Claim, Engine, HolderReply, ProcessId};
use crate::error::LockError;
use crate::name::LockName;
use crate::status::Status;

pub(crate) use self::url::Address;

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
        flush_on_exit::wait_at_the_end_of_this_thread(&keeper);
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
    fn supports(&self, capability: Capability) -> bool {
        match capability {
            // The server queues who waits, and looks for circles after `deadlock_timeout`; a session
            // can be lost while its holder goes on.
            Capability::SharedLocks
            | Capability::AbandonmentReports
            | Capability::LockLoss
            | Capability::FairAcrossProcesses
            | Capability::DeadlockDetection => true,
        }
    }

    fn identity(&self) -> &OsStr {
        &self.identity
    }

    fn location(&self) -> String {
        self.shown.clone()
    }

    fn lock_location(&self, _: &LockName) -> String {
        self.shown.clone()
    }

    fn find_holder(&self, name: &LockName, reply: HolderReply) {
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
            reply(found);
        });
    }

    fn list(&self) -> Result<Vec<Status>, LockError> {
        self.look(|keeper| list::survey(keeper, None))
    }

    fn status(&self, name: &LockName) -> Result<Status, LockError> {
        let name = name.clone();
        self.look(|keeper| list::status(keeper, name))
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
            operation: list::OPERATION.to_owned(),
            location: self.shown.clone(),
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
