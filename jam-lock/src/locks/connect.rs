//! [`Locks::connect`]: locks of a PostgreSQL database.

use crate::error::LockError;
use crate::locks::Locks;

impl Locks {
    /// Opens the locks of a PostgreSQL database, for processes on any number of machines.
    ///
    /// A lock is a session-level advisory lock. The `url` is
    /// `postgres://user:password@host:port/database?option=value&option=value`, with these options and
    /// [those of `tokio_postgres`](tokio_postgres::Config). Write an `@` as `%40` anywhere but before the
    /// host, and a `?` in a password as `%3F`.
    ///
    /// | option | meaning | default |
    /// |---|---|---|
    /// | `namespace` | separates the locks of one application from those of others in the database | none |
    /// | `connections` | the maximum number of connections of the process for holders and waiters; it may open one more for queries about them | 16 |
    /// | `sslmode` | `require`, `verify-ca` and `verify-full` all use TLS and verify that the server's certificate is valid for the host and signed by a trusted CA; this needs the feature `postgres-tls` | no TLS |
    /// | `sslrootcert` | a file with the certificates of the trusted CAs | those that the system trusts |
    ///
    /// The table `jam_lock` is created if the database has none; it has the tokens, and the holders for
    /// people to see. All programs use the same one, in whatever schema it is. One thread of the process
    /// drives all connections, so neither threads nor tasks need a runtime. Each thread or task that holds
    /// locks has a connection of its own, so that the server can detect deadlocks; it ends one of the waits
    /// with [`LockError::Deadlock`]. A connection that has not been used for half a minute is closed. A
    /// `Locks` and its clones share their connections, so a process should connect once.
    ///
    /// A lock of a server can be lost while it is held: [`LockGuard::is_lost`] says how that is noticed, and
    /// [`LockGuard::fence`] protects against it.
    ///
    /// The URL may lead to another server later, if it has several hosts or if a host name moves. A standby
    /// is refused then too, and so is another server, unless the role is denied `pg_control_system()`,
    /// which every role may run by default. A standby that was promoted counts as the same server, but has none
    /// of its locks.
    ///
    /// [`LockGuard::is_lost`]: crate::LockGuard::is_lost
    /// [`LockGuard::fence`]: crate::LockGuard::fence
    ///
    /// # Blocking
    /// It blocks until the checks of the server have passed, or for ten seconds. A service calls it when it
    /// starts.
    ///
    /// # Errors
    /// - [`LockError::Engine`] if the URL cannot be parsed, or if the server cannot be reached or queried.
    /// - [`LockError::Unsupported`] if its locks would not be reliable: behind transaction-level connection
    ///   pooling or pgpool-II, on a standby, or before PostgreSQL 14, as
    ///   [listed](crate::guide::postgres#servers-and-poolers); if the role may not create or use the table, with
    ///   the statements that an administrator has to run; if the database has several of these tables; or
    ///   if the URL requires TLS, which is not in this build.
    ///
    /// # Example
    /// ```no_run
    /// use jam_lock::{LockName, Locks};
    ///
    /// let locks = Locks::connect("postgres://app@db1/shop?namespace=invoices")?;
    /// let guard = locks.lock(LockName::new("invoice_saved")?).timeout(10).acquire()?;
    /// # Ok::<(), jam_lock::LockError>(())
    /// ```
    pub fn connect(url: &str) -> Result<Self, LockError> {
        Self::builder().connect(url)
    }
}
