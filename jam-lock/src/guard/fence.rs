//! Fencing: a holder that lost its lock without noticing cannot commit a transaction.

use tokio_postgres::Transaction;

use crate::error::LockError;
use crate::guard::LockGuard;

impl LockGuard {
    /// Makes `transaction` commit only if this guard still holds the lock.
    ///
    /// The transaction must be in the database that has the lock. No other check is certain for a lock that
    /// can be [lost](LockGuard::is_lost), because a holder that was paused or cut off does not notice for a
    /// while. The transaction locks the row of the lock until it ends. So the next holder starts after it,
    /// and a holder that was replaced commits nothing. End the transaction soon, above all if this failed: a
    /// dropped `Transaction` is rolled back as soon as its connection is polled.
    ///
    /// # Errors
    /// - [`LockError::Lost`] if the lock is free, or if another holder has had it since, as far as the
    ///   transaction can see. Roll the transaction back.
    /// - [`LockError::Engine`] if the query fails.
    /// - [`LockError::Unsupported`] if the lock is not in a database.
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
        if rows.is_empty() {
            Err(self.lost_because("its session has ended, or another holder has had it since"))
        } else {
            Ok(())
        }
    }

    /// The query of [`LockGuard::fence`], for clients other than `tokio_postgres`.
    ///
    /// If it returns no row, the lock is free, or another holder has had it since: roll the transaction back.
    ///
    /// # Errors
    /// [`LockError::Unsupported`] if the lock is not in a database.
    pub fn fence_statement(&self) -> Result<String, LockError> {
        let statement = self.loss_monitor.as_ref().and_then(|monitor| monitor.fence_statement());
        statement.ok_or_else(|| LockError::Unsupported {
            what: "fencing a transaction with a lock that is not in a database",
            location: self.gate.location().to_owned(),
            remedy: "use a lock of a PostgreSQL database".into(),
        })
    }
}
