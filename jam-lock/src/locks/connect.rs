//! Locks of a server, by its URL.

use crate::error::LockError;
use crate::locks::Locks;

impl Locks {
    /// Opens the locks of a PostgreSQL database, for processes on any number of machines.
    ///
    /// A lock is a session-level advisory lock, and `url` is
    /// `postgres://user:password@host:port/database`, with these options behind a `?`, and an `&`
    /// between them, beside [those of `tokio_postgres`](tokio_postgres::Config). In all of these an
    /// `@` is written `%40`, and in a password a `?` is `%3F`.
    ///
    /// | option | meaning | default |
    /// |---|---|---|
    /// | `namespace` | keeps the locks of one application apart from those of others in the database | none |
    /// | `connections` | how many connections the process has at the most for those who hold or wait; it may open one more, for questions about them | 16 |
    /// | `sslmode` | `require`, `verify-ca` and `verify-full` alike encrypt what is sent, to a server for which somebody vouches who is trusted; that needs the feature `postgres-tls` | nothing is encrypted |
    /// | `sslrootcert` | a file with the certificates of who may vouch for the server | who this system trusts |
    ///
    /// The table `jam_lock` is made where it is missing; it has the tokens, and the holders for
    /// people to see. The connections are tended by one thread of the process, so neither threads
    /// nor tasks need a runtime for it. Each call chain that holds locks has a connection of its
    /// own: the server then finds out who waits for each other in a circle, and ends one wait with
    /// [`LockError::Deadlock`]. Connections are those of one `Locks` and its clones, so a process
    /// connects once.
    ///
    /// A lock of a server can be lost while it is held; [`LockGuard::is_lost`] tells how that is
    /// noticed, and [`LockGuard::fence`] makes sure. This blocks until the server was found fit, or
    /// for ten seconds, so a service calls it as it starts.
    ///
    /// The URL may lead elsewhere later, where it has several hosts or a host's name moves: a standby
    /// is refused then as well, and another server, unless the role may not run
    /// `pg_control_system()`, as everybody may by default. A standby that was promoted counts as the
    /// same server, and has none of its locks.
    ///
    /// [`LockGuard::is_lost`]: crate::LockGuard::is_lost
    /// [`LockGuard::fence`]: crate::LockGuard::fence
    ///
    /// # Errors
    /// - [`LockError::Engine`] when the URL cannot be understood, or the server not be reached or
    ///   asked.
    /// - [`LockError::Unsupported`] when its locks would not hold: behind a pooler that gives each
    ///   transaction another session, on a standby, before PostgreSQL 14; or when the role may not
    ///   make or use the table, with what an administrator has to run; or when the URL asks for
    ///   encryption, and this build has none.
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
