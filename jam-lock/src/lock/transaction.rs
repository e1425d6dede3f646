//! [`Lock::acquire_in`]: acquires a lock on the caller's own connection, for one transaction.

use std::slice;

use tokio_postgres::Transaction;

use super::Lock;
use crate::context::Owner;
use crate::engine::postgres::transaction::{self, TransactionGrant, TransactionLock};
use crate::error::LockError;
use crate::site::Site;
use crate::timeout::Deadline;

impl Lock {
    /// Acquires the lock for `transaction`, which holds it until it ends.
    ///
    /// It excludes all other holders of the lock, whether sessions or transactions, and needs no other
    /// connection. It cannot be lost unless the transaction is lost as well, so it needs no fence. The
    /// transaction must be in the database that has the lock, with isolation level `READ COMMITTED`
    /// (the default of PostgreSQL), and may use any pooler. If it has savepoints, such as
    /// `Transaction::transaction` makes, rolling back to one that is older than the acquisition releases
    /// the lock. [`TransactionLock`] does the same without a [`Locks`](crate::Locks).
    ///
    /// While it waits, this is an ordinary open transaction: `CREATE INDEX CONCURRENTLY` and `VACUUM` wait
    /// for it, or leave what it may still see. A migration that needs them uses [`Lock::acquire`].
    /// [The guide](crate::guide::postgres#a-lock-for-one-transaction) has more.
    ///
    /// Later acquisitions of the thread or task do not see that the transaction holds the lock; a cycle of
    /// waits is ended by the server. The [observer](crate::Observer) is not notified.
    ///
    /// # Cancel safety
    /// Dropping the future does not end the wait at the server, which the next query on the connection waits
    /// for; the client's `cancel_token` ends it. The transaction may then have the lock or be aborted: roll
    /// it back.
    ///
    /// # Errors
    /// The transaction can go on after each of them but a deadlock and a lost connection.
    ///
    /// - [`LockError::Timeout`] if the lock was held elsewhere until the timeout passed. Whole
    ///   milliseconds count; a timeout of more than 24 days waits forever.
    /// - [`LockError::Reentrant`] at once, if this transaction holds the lock already and the lock is not
    ///   [`reentrant`](Lock::reentrant), or if this thread, or a section of this task, holds it otherwise.
    /// - [`LockError::Order`] at once, if that holds a lock that is declared after this one.
    /// - [`LockError::Deadlock`] if the server detected a deadlock and chose this acquisition to fail. The
    ///   transaction is aborted then, so that the others can go on.
    /// - [`LockError::Engine`] if a query fails, such as in a read-only transaction, or with a higher
    ///   isolation level if there has been another holder since the transaction's snapshot.
    /// - [`LockError::Unsupported`] if the lock is not in a database, or not in that of the transaction, or
    ///   has several [permits](crate::LockName::with_permits).
    ///
    /// # Example
    /// ```no_run
    /// use jam_lock::{LockName, Locks};
    ///
    /// # async fn save(client: &mut tokio_postgres::Client) -> Result<(), Box<dyn std::error::Error>> {
    /// let locks = Locks::connect("postgres://app@db1/shop")?;
    /// let lock = locks.lock(LockName::new("invoice_saved")?).timeout(10);
    /// let transaction = client.transaction().await?;
    /// lock.acquire_in(&transaction).await?;
    /// transaction.execute("UPDATE track SET sold = sold + 1 WHERE id = 7", &[]).await?;
    /// transaction.commit().await?;
    /// # Ok(())
    /// # }
    /// ```
    #[track_caller]
    pub fn acquire_in<'a>(
        &'a self,
        transaction: &'a Transaction<'_>,
    ) -> impl Future<Output = Result<TransactionGrant, LockError>> + Send + 'a {
        let site = self.site(Site::here());
        async move {
            let lock = self.transaction_lock()?;
            let (owner, is_try) =
                (Owner::task(), matches!(self.timeout.deadline(), Deadline::Once));
            // A section of the same owner may release the lock before the transaction ends.
            let gates = slice::from_ref(&self.gate);
            owner.check(&self.name, gates, &self.request(&owner, site), false, !is_try)?;
            lock.acquire_at(transaction, site).await
        }
    }

    /// The query of [`Lock::acquire_in`], for clients other than `tokio_postgres`.
    ///
    /// Run it in a transaction of the database that has the lock, which then holds it until it ends. The
    /// query has no parameters. If the lock was acquired, it returns one row: the `token`, a 64-bit
    /// integer, and in `abandoned_by`, as JSON in a text, the first holder that died and has not been
    /// recovered since, or null; the abandonment stays until a holder of this library has recovered it. If
    /// the timeout is 0, there is no row if the lock is held. If the timeout is longer and passes, the query
    /// fails with SQLSTATE 55P03, which aborts the transaction unless it has a savepoint.
    ///
    /// # Errors
    /// [`LockError::Unsupported`] if the lock is not in a database, is [shared](Lock::shared), or has several
    /// [permits](crate::LockName::with_permits).
    ///
    /// # Example
    /// ```no_run
    /// use jam_lock::{LockName, Locks};
    ///
    /// # async fn save(
    /// #     locks: &Locks,
    /// #     transaction: &tokio_postgres::Transaction<'_>,
    /// # ) -> Result<(), Box<dyn std::error::Error>> {
    /// let lock = locks.lock(LockName::new("invoice_saved")?).timeout(10);
    /// let statement = lock.transaction_statement()?;
    /// // Or with sqlx: `sqlx::query_as(&statement).fetch_one(&mut *transaction).await?`
    /// let row = transaction.query_one(&statement, &[]).await?;
    /// let (token, abandoned_by): (i64, Option<String>) = (row.get(0), row.get(1));
    /// # let _ = (token, abandoned_by);
    /// # Ok(())
    /// # }
    /// ```
    pub fn transaction_statement(&self) -> Result<String, LockError> {
        self.transaction_lock()?.statement()
    }

    fn transaction_lock(&self) -> Result<TransactionLock, LockError> {
        if self.settings.permits.is_some() {
            return Err(transaction::has_permits(self.gate.location()));
        }
        if self.settings.at_most_every.is_some() {
            return Err(self.unsupported_period(
                "`at_most_every` on a lock for a transaction",
                "acquire it by `acquire` or `acquire_async`, and commit what the job has done before its end",
            ));
        }
        let lock = self.gate.transaction_lock().ok_or_else(|| LockError::Unsupported {
            what: "a lock for a transaction",
            location: self.gate.location().to_owned(),
            remedy: "use a lock of a PostgreSQL database".into(),
        })?;
        let lock = lock.timeout(self.timeout);
        Ok(lock.with_options(self.options.mode, self.options.is_reentrant))
    }
}
