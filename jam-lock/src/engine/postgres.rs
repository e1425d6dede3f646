//! The PostgreSQL engine: a name is a session-level advisory lock of a database.
//!
//! ```text
//! caller         │ driver thread                                  │ server
//!                │                                                │
//! PostgresClaim ─┼─► AcquireTask ── check out ─► Pool             │
//!                │                                │               │
//!                │                                ▼               │
//!                ├─► ReleaseTask, UpdateHolder ─► Session ◄───────┼─► backend
//!                │                                ▲               │
//!                │                  ping, close   │               │
//!                │     heartbeat ─────────────────┘               │
//!                │         │ live backends?                       │
//!                │         ▼                                      │
//! PostgresEngine ┼─► ControlSession ◄─────────────────────────────┼─► backend
//! ```
//!
//! A caller does no input or output itself: it spawns tasks on the driver thread. An acquisition
//! checks a session out of the pool; the locks of one owner share a session, and an owner that has
//! some waits on it even for an owner of this process, so that the server detects deadlocks between
//! owners. The locks of a session are lost when it ends, so the heartbeat
//! checks every session that has locks or waits for one. The control session holds no lock: it runs
//! the queries about holders, statuses, waiting writers and unresponsive sessions with locks, and is
//! open only for them.
//!
//! A lock for one transaction is taken on the caller's connection instead, in `transaction`.
//!
//! When the locks are opened, `pooler` refuses transaction pooling and pgpool-II, `preflight` refuses
//! an old or read-only server, and `table` creates the table and the domain by which sessions wait.

mod acquire;
mod backend;
mod boot_time;
mod cancel;
mod cancel_token;
mod claim;
mod connection;
mod control_session;
mod driver;
mod error;
mod flush_on_exit;
mod heartbeat;
mod hold;
mod holder;
mod key;
mod last_run;
mod list;
mod loss_wakers;
mod pool;
mod pooler;
mod preflight;
mod queries;
mod random;
mod release;
mod server;
mod session;
mod settings;
mod sweep;
mod table;
mod timeline;
mod tls;
pub(crate) mod transaction;
mod url;
mod wait_completion;
mod wait_domain;

use std::ffi::{OsStr, OsString};
use std::fmt;
use std::process;
use std::sync::Arc;

use self::claim::PostgresClaim;
use self::driver::Driver;
use self::flush_on_exit::flush_on_thread_exit;
use self::queries::Query;
use self::session::within_response_timeout;
use self::transaction::TransactionLock;
use super::{Capability, Claim, Engine, HolderReply, ProcessId};
use crate::error::LockError;
use crate::name::LockName;
use crate::status::Status;

pub(crate) use self::url::Url;

/// The locks of one namespace in one database.
pub(crate) struct PostgresEngine {
    driver: Arc<Driver>,
    /// A forked child has to open an engine of its own.
    process: ProcessId,
    identity: OsString,
    location: String,
}

impl PostgresEngine {
    /// Connects to the server, and refuses one whose locks would not hold.
    pub(crate) fn open(url: Url) -> Result<Self, LockError> {
        let (process, location) = (ProcessId::current(), url.redacted());
        let driver = Driver::start(url)?;
        flush_on_thread_exit(&driver);
        let identity = format!("{:x}:postgres:{}", process.unique(), driver.server.identity).into();
        Ok(Self { driver, process, identity, location })
    }

    /// The same locks as another process has them, which shares no gate with this one.
    #[cfg(feature = "conformance")]
    pub(crate) fn of_process(mut self, number: u64) -> Self {
        self.identity.push(format!(":{number}"));
        self
    }

    /// Blocks until the driver has queried the server.
    fn query<T: Send + 'static, F: Future<Output = Result<T, LockError>> + Send>(
        &self,
        operation: &str,
        query: impl FnOnce(Arc<Driver>) -> F + Send + 'static,
    ) -> Result<T, LockError> {
        let failed = |why: String| LockError::engine(operation, &*self.location, why);
        if !self.process.is_current() {
            let (opened_by, here) = (self.process.number(), process::id());
            return Err(failed(format!(
                "they were opened by process {opened_by} and cannot be used in its forked child \
                 {here}; open a new `Locks` in the child"
            )));
        }
        self.driver.block_on(query).unwrap_or_else(|why| Err(failed(why)))
    }
}

impl Engine for PostgresEngine {
    fn supports(&self, capability: Capability) -> bool {
        match capability {
            // The server queues waiters, and looks for deadlocks after `deadlock_timeout`; a
            // session can be lost while its holder continues.
            Capability::SharedLocks
            | Capability::AbandonmentReports
            | Capability::LockLoss
            | Capability::LastRuns
            | Capability::FairAcrossProcesses
            | Capability::DeadlockDetection => true,
            // The process may be on another machine.
            Capability::AncestorDetection => false,
        }
    }

    fn identity(&self) -> &OsStr {
        &self.identity
    }

    fn location(&self) -> String {
        self.location.clone()
    }

    fn lock_location(&self, _: &LockName) -> String {
        self.location.clone()
    }

    fn find_holder(&self, name: &LockName, reply: HolderReply) {
        let (driver, name) = (Arc::clone(&self.driver), name.clone());
        self.driver.handle.spawn(async move {
            let namespace = &driver.server.url().namespace;
            let key = key::key(namespace, &name);
            let find = async {
                let session = driver.control_session().await.ok()?;
                let parameters: [&(dyn tokio_postgres::types::ToSql + Sync); 3] =
                    [&key, namespace, &name.as_str()];
                let found = session.run(Query::FindHolder, &parameters);
                let rows = within_response_timeout(found).await?;
                let (row, pool) = (rows.first()?, driver.pool.all());
                holder::read_found(row, |process| {
                    pool.iter().any(|session| session.backend.process == process)
                })
            };
            let found = find.await;
            reply(found);
        });
    }

    fn list(&self) -> Result<Vec<Status>, LockError> {
        self.query(list::OPERATION, |driver| async move { list::list(&driver, None).await })
    }

    fn status(&self, name: &LockName) -> Result<Status, LockError> {
        let name = name.clone();
        self.query(list::OPERATION, |driver| async move { list::status(&driver, &name).await })
    }

    fn sweep(&self) -> Result<usize, LockError> {
        let (mut removed, mut next) = (0, Some(i64::MIN));
        while let Some(after) = next {
            let batch = self.query(sweep::OPERATION, move |driver| async move {
                sweep::batch(&driver, after).await
            })?;
            (removed, next) = (removed + batch.removed, batch.next);
        }
        Ok(removed)
    }

    fn transaction_lock(&self, name: &LockName) -> Option<TransactionLock> {
        let server = &self.driver.server;
        let (namespace, table, database) =
            (&server.url().namespace, server.table(), server.database());
        let (name, location) = (name.clone(), self.location.clone());
        Some(TransactionLock::of_locks(name, namespace, table, database, location))
    }

    fn claim(&self, name: &LockName) -> Box<dyn Claim> {
        let key = key::key(&self.driver.server.url().namespace, name);
        let driver = Arc::clone(&self.driver);
        Box::new(PostgresClaim::new(driver, name.clone(), key, self.process))
    }
}

impl Drop for PostgresEngine {
    fn drop(&mut self) {
        if self.process.is_current() {
            self.driver.stop();
        }
    }
}

impl fmt::Debug for PostgresEngine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PostgresEngine").field("location", &self.location).finish_non_exhaustive()
    }
}
