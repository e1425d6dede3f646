//! All locks of [`Locks`]: their status, and what is left of them.

use super::Locks;
use crate::deadlock;
use crate::error::LockError;
use crate::gate;
use crate::name::LockName;
use crate::status::Status;

impl Locks {
    /// The status of all locks that were ever used, sorted by name: holders, and how many wait.
    ///
    /// [`Lock::status`](crate::Lock::status) returns that of one lock. In a folder, the locks are its lock files; in a database,
    /// the names in its namespace that have a row in the table, without keyed names that are not in use. Nothing
    /// is created, emptied or removed.
    ///
    /// # Blocking
    /// It blocks for up to a few seconds if a server does not answer.
    ///
    /// # Platform-specific behavior
    /// Only Linux lists the processes that hold or wait for file locks, and its list may omit some while
    /// other locks come and go. So it is read several times, and a number that differs is reported as
    /// unknown. In a container, processes outside of it are not seen. If the list does not show a holder each
    /// time, and on every other system, the lock is acquired as a reader and released at once: a try
    /// elsewhere in that instant fails.
    ///
    /// # Errors
    /// - [`LockError::Io`] if the folder cannot be listed.
    /// - [`LockError::Engine`] if the server cannot be queried, or if this is a thread of its engine.
    /// - [`LockError::Unsupported`] if the engine cannot list its locks.
    ///
    /// # Example
    /// ```
    /// use jam_lock::{LockName, Locks, State};
    ///
    /// # let folder = tempfile::tempdir()?;
    /// let locks = Locks::open(folder.path())?;
    /// let guard = locks.lock(LockName::new("report")?).acquire()?;
    /// for status in locks.list()? {
    ///     assert_eq!((status.name(), status.state()), ("report", State::Writer));
    ///     println!("held by {}", status.holder().expect("it is this process"));
    /// }
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[doc(alias = "lslocks")]
    pub fn list(&self) -> Result<Vec<Status>, LockError> {
        let engine = &self.shared.engine;
        let refined = |status: Status| {
            let Ok(name) = LockName::listed(status.name()) else { return status };
            let status = match gate::existing(&**engine, &name) {
                Some(gate) => gate.refine_status(status),
                None => status,
            };
            deadlock::explain_status(status, engine, &name)
        };
        let found = engine.list()?.into_iter().map(refined).collect();
        Ok(Status::group_permits(found))
    }

    /// Removes unused locks of [keyed names](crate::LockName#keyed-names), and returns their number: files that
    /// killed processes left behind, or rows of a database.
    ///
    /// A file is removed only if the record beside it says that its name is keyed, and while its lock is
    /// held; a try elsewhere in that instant fails. The record of a holder that died stays until it is
    /// recovered. Unfinished files of killed processes, which did not have their
    /// [mode](crate::LocksBuilder::mode) yet, are removed too, but not counted.
    ///
    /// A database keeps a row for each keyed name of its namespace until it is swept, so a job should sweep
    /// it from time to time. A row is removed in the same way, once the server's clock has passed its last
    /// token, so tokens keep rising unless that clock is set back. A row is removed under its lock, so an
    /// attempt with a timeout of 0 may find the lock held at that moment.
    ///
    /// # Blocking
    /// It blocks for up to a few seconds if a server does not answer.
    ///
    /// On some [file systems](crate::guide::lock_folder#files), such as those in user space, the files of
    /// keyed names stay until they are swept. Call it there while no program uses the folder, because others
    /// might not notice that a file was removed.
    ///
    /// # Errors
    /// - [`LockError::Io`] if the folder cannot be listed. A file that cannot be removed stays.
    /// - [`LockError::Engine`] if the server cannot be queried, or if this is a thread of its engine.
    ///
    /// # Example
    /// ```
    /// use jam_lock::Locks;
    ///
    /// # let folder = tempfile::tempdir()?;
    /// let locks = Locks::open(folder.path())?;
    /// println!("{} locks were left behind", locks.sweep()?);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn sweep(&self) -> Result<usize, LockError> {
        self.shared.engine.sweep()
    }
}
