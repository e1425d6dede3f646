//! How a holder that has lost its lock without noticing is kept from changing anything.

use tokio_postgres::Transaction;

use crate::error::LockError;
use crate::guard::LockGuard;

impl LockGuard {
    /// Fails unless the lock is still this guard's at the end of `transaction`, which has to be one
    /// of the database that has the lock.
    ///
    /// Nothing else is certain on a lock that can be [lost](LockGuard::is_lost): a holder that was
    /// paused, or cut off, believes in its lock for a while. The transaction keeps the row of the
    /// lock as it is until it ends, so that the next holder begins after it, and nothing is
    /// committed by one who has been replaced. So end it soon, and for certain where it was refused:
    /// a `Transaction` that is dropped is rolled back as soon as its connection is polled.
    ///
    /// # Errors
    /// - [`LockError::Lost`] when somebody else has had the lock since, as far as the transaction
    ///   can see: it has to be rolled back.
    /// - [`LockError::Engine`] when the database cannot be asked.
    /// - [`LockError::Unsupported`] when the lock is no lock of a database.
    ///
    /// # Example
    /// ```no_run
    /// use jam_lock::{LockName, Locks};
    ///
    /// # async fn save(client: &mut tokio_postgres::Client) -> Result<(), Box<dyn std::error::Error>> {
    /// let locks = Locks::connect("postgres://app@db1/shop")?;
    /// let guard = locks.lock(LockName::new("invoice_saved")?).acquire_async().await?;
    /// let transaction = client.transaction().await?;
    /// guard.fence(&transaction).await?;
    /// transaction.execute("UPDATE track SET sold = sold + 1 WHERE id = 7", &[]).await?;
    /// transaction.commit().await?;
    /// # Ok(())
    /// # }
    /// ```
    pub async fn fence(&self, transaction: &Transaction<'_>) -> Result<(), LockError> {
        self.ensure()?;
        let statement = self.fence_statement()?;
        let rows = transaction.query(&statement, &[]).await;
        let rows = rows.map_err(|error| LockError::Engine {
            operation: format!("fence lock `{}`", self.name()),
            location: self.gate.location().to_owned(),
            error: error.into(),
        })?;
        if rows.is_empty() { Err(self.lost_because("others have had it since")) } else { Ok(()) }
    }

    /// What [`LockGuard::fence`] asks, for clients that are not `tokio_postgres`: if no row is the
    /// answer, somebody else has had the lock since, and the transaction has to be rolled back.
    ///
    /// # Errors
    /// [`LockError::Unsupported`] when the lock is no lock of a database.
    pub fn fence_statement(&self) -> Result<String, LockError> {
        let statement = self.watch.as_ref().and_then(|watch| watch.fence_statement());
        statement.ok_or_else(|| LockError::Unsupported {
            what: "fencing a transaction with a lock that is not in a database",
            location: self.gate.location().to_owned(),
            remedy: "use a lock of a PostgreSQL database",
        })
    }
}
