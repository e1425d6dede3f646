//! [`TransactionLock`]: a lock on the caller's own connection, for as long as its transaction.

mod acquisition;
mod find_table;
mod limit;
mod sql;
mod target;

use std::time::Duration;

use tokio_postgres::Transaction;

use self::acquisition::Acquisition;
use self::find_table::find_table;
use self::limit::Limit;
use self::target::Target;
use super::key;
use super::server::Database;
use crate::engine::Mode;
use crate::error::LockError;
use crate::holder::Holder;
use crate::name::LockName;
use crate::site::Site;
use crate::timeout::{Deadline, Timeout};

/// A lock that a transaction of PostgreSQL acquires, and holds until it ends; not yet acquired.
///
/// It needs no [`Locks`](crate::Locks), and no connection but that of the transaction, so it also works
/// through a pooler that refuses [`Locks::connect`](crate::Locks::connect), such as PgBouncer with
/// `pool_mode = transaction`. It excludes all other holders of the name in that database and namespace,
/// however they hold it. With a [`Locks`](crate::Locks), use [`Lock::acquire_in`](crate::Lock::acquire_in), which
/// also checks the order of locks and that the database is the right one.
///
/// The table `jam_lock` must exist: `Locks::connect` creates it, and the error without it has the
/// statements for an administrator.
///
/// # Example
/// ```no_run
/// use jam_lock::{LockName, TransactionLock};
///
/// # async fn save(client: &mut tokio_postgres::Client) -> Result<(), Box<dyn std::error::Error>> {
/// let lock = TransactionLock::new(LockName::new("invoice_saved")?).timeout(10);
/// let transaction = client.transaction().await?;
/// lock.acquire_in(&transaction).await?;
/// transaction.execute("UPDATE track SET sold = sold + 1 WHERE id = 7", &[]).await?;
/// transaction.commit().await?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
#[must_use = "a `TransactionLock` is not acquired until `acquire_in` is called"]
pub struct TransactionLock {
    name: LockName,
    namespace: String,
    mode: Mode,
    timeout: Timeout,
    is_reentrant: bool,
    /// The table with its schema; if not, it is looked up.
    table: Option<String>,
    /// Where the transaction has to be, if that is known.
    database: Option<Database>,
    location: String,
}

/// The error of a lock with several permits, of which a transaction cannot hold one.
pub(crate) fn has_permits(location: &str) -> LockError {
    LockError::Unsupported {
        what: "a lock with several permits for a transaction",
        location: location.to_owned(),
        remedy: "acquire it by `acquire` or `acquire_async` before the transaction".into(),
    }
}

impl TransactionLock {
    /// The lock `name` of the database in which the transaction is.
    pub fn new(name: LockName) -> Self {
        Self {
            name,
            namespace: String::new(),
            mode: Mode::Exclusive,
            timeout: Timeout::FOREVER,
            is_reentrant: false,
            table: None,
            database: None,
            location: "the transaction's database".to_owned(),
        }
    }

    /// The lock `name` of locks that are open, whose table and database are known.
    pub(super) fn of_locks(
        name: LockName,
        namespace: &str,
        table: &str,
        database: &Database,
        location: String,
    ) -> Self {
        Self {
            namespace: namespace.to_owned(),
            table: Some(table.to_owned()),
            database: Some(database.clone()),
            location,
            ..Self::new(name)
        }
    }

    /// The namespace of the lock, as in the URL of [`Locks::connect`](crate::Locks::connect); by default
    /// none.
    pub fn namespace(self, namespace: impl Into<String>) -> Self {
        Self { namespace: namespace.into(), ..self }
    }

    /// The schema of the table `jam_lock`.
    ///
    /// By default [`TransactionLock::acquire_in`] looks it up, which costs a round trip, and
    /// [`TransactionLock::statement`] leaves it to the search path.
    pub fn schema(self, schema: &str) -> Self {
        Self { table: Some(sql::table_in(schema)), ..self }
    }

    /// How long an acquisition may wait: a `Duration`, or whole seconds; by default it waits forever.
    pub fn timeout(self, timeout: impl Into<Timeout>) -> Self {
        Self { timeout: timeout.into(), ..self }
    }

    /// The same lock, to be held as a reader; by default it is exclusive.
    pub fn shared(self) -> Self {
        Self { mode: Mode::Shared, ..self }
    }

    /// In this mode, and with or without re-entry.
    pub(crate) fn with_options(self, mode: Mode, is_reentrant: bool) -> Self {
        Self { mode, is_reentrant, ..self }
    }

    /// Acquires the lock for `transaction`, as [`Lock::acquire_in`](crate::Lock::acquire_in) does.
    ///
    /// # Cancel safety
    /// As [`Lock::acquire_in`](crate::Lock::acquire_in): if the future is dropped, roll the transaction
    /// back.
    ///
    /// # Errors
    /// As [`Lock::acquire_in`](crate::Lock::acquire_in), except those about the locks that the caller
    /// holds otherwise; and [`LockError::Unsupported`] if the database has no table `jam_lock`, or several.
    #[track_caller]
    pub fn acquire_in<'a>(
        &'a self,
        transaction: &'a Transaction<'_>,
    ) -> impl Future<Output = Result<TransactionGrant, LockError>> + Send + 'a {
        self.acquire_at(transaction, Site::here())
    }

    /// Acquires the lock for `transaction`, on behalf of `site`.
    pub(crate) async fn acquire_at(
        &self,
        transaction: &Transaction<'_>,
        site: Site,
    ) -> Result<TransactionGrant, LockError> {
        self.check_permits()?;
        let target = self.target(match &self.table {
            Some(table) => table.clone(),
            None => find_table(transaction, &self.location).await?,
        });
        Acquisition { lock: self, transaction, target, site }.run().await
    }

    /// A query that acquires the lock in the transaction of any client, such as sqlx or psycopg.
    ///
    /// It returns a row with the `token`, and with the holder that died as text in `abandoned_by`. With a
    /// timeout of 0 it returns no row if the lock is held; with another one it fails with SQLSTATE 55P03,
    /// so roll back to a savepoint or begin again. [`Lock::transaction_statement`] has the details.
    ///
    /// [`Lock::transaction_statement`]: crate::Lock::transaction_statement
    ///
    /// # Errors
    /// [`LockError::Unsupported`] for a [shared](TransactionLock::shared) lock, or a name with several permits.
    pub fn statement(&self) -> Result<String, LockError> {
        if self.mode == Mode::Shared {
            return Err(LockError::Unsupported {
                what: "a single statement for a shared lock",
                location: self.location.clone(),
                remedy: "use `acquire_in`, or an exclusive lock".into(),
            });
        }
        self.check_permits()?;
        let table = self.table.clone().unwrap_or_else(|| "jam_lock".to_owned());
        Ok(self.target(table).statement())
    }

    fn check_permits(&self) -> Result<(), LockError> {
        if self.name.permits() > 1 { Err(has_permits(&self.location)) } else { Ok(()) }
    }

    fn target(&self, table: String) -> Target {
        let Self { name, namespace, mode, timeout, .. } = self;
        Target {
            key: key::key(namespace, name),
            namespace: sql::literal(namespace),
            name: sql::literal(name.as_str()),
            is_keyed: name.is_keyed(),
            table,
            mode: *mode,
            limit: Limit::new(timeout.deadline()),
        }
    }

    fn is_try(&self) -> bool {
        matches!(self.timeout.deadline(), Deadline::Once)
    }
}

/// A lock that a transaction holds until it ends: by `COMMIT`, by `ROLLBACK`, or with its connection.
///
/// Dropping this changes nothing.
#[derive(Clone, Debug)]
pub struct TransactionGrant {
    token: u64,
    waited: Duration,
    abandoned: Option<Box<Holder>>,
}

impl TransactionGrant {
    /// The fencing token, which rises as [`LockGuard::token`](crate::LockGuard::token) does.
    ///
    /// Do not pass it on before the commit: if the transaction is rolled back, later holders may get the same
    /// token, or a lower one.
    #[must_use]
    pub fn token(&self) -> u64 {
        self.token
    }

    /// How long the acquisition took, the round trip included.
    #[must_use]
    pub fn waited(&self) -> Duration {
        self.waited
    }

    /// The first holder that died while holding the lock and has not been recovered since, if any, as
    /// [`LockGuard::abandoned`](crate::LockGuard::abandoned).
    ///
    /// It counts as recovered once the transaction is committed; roll back to leave it to the next holder. A
    /// reader does not recover. A transaction itself abandons nothing, because its changes are rolled back.
    #[must_use]
    pub fn abandoned(&self) -> Option<&Holder> {
        self.abandoned.as_deref()
    }
}
