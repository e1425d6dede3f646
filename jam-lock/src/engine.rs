//! The interface between the gate and what arbitrates between processes: [`Engine`] and [`Claim`].
//!
//! Each process has one gate for each name, in front of the engine. Threads and tasks, their order
//! and their deadlines are the gate's business; an engine knows nothing of them.
//!
//! The gate calls every method of [`Claim`] while it holds its mutex. None of them may block on
//! another holder or on a server (only a wait does, on a thread of the engine's own), panic, or
//! acquire locks of this library. The callbacks that the gate passes to the engine ([`WaitDone`],
//! [`HolderReply`], [`WriterWaiting`]) may take the gate's mutex and wake tasks, so the engine must
//! not hold a mutex of its own while it calls one.
//!
//! The life of a claim, as the gate sees it:
//!
//! ```text
//! try_acquire ─ Acquired ─────────────────────────────┐
//!             ├ Contended ─┐                          │
//!             └ Unknown ───┴ start_wait … done ─ accept ──┴ record_holder … (reassign, record_holder)* … release
//!                               │              └ discard
//!                               └ cancel_wait … done ─ discard
//! ```
//!
//! [`Locks::with_engine`](crate::Locks::with_engine) opens the locks of an engine.

mod claim;
pub(crate) mod file;
mod loss_monitor;
pub(crate) mod memory;
#[cfg(feature = "postgres")]
pub(crate) mod postgres;

use std::ffi::OsStr;
use std::fmt;
use std::process;
use std::time::Duration;

use crate::error::LockError;
use crate::holder::Holder;
use crate::name::LockName;
use crate::status::{State, Status};

pub use self::claim::{
    Claim, Mode, OwnerId, RecordError, Recorded, TryAcquire, Usage, WaitDone, WaitId, WaitRequest,
    WriterWaiting,
};
pub use self::loss_monitor::LossMonitor;
pub use crate::process_id::ProcessId;

/// Arbitrates between processes for a set of names.
pub trait Engine: fmt::Debug + Send + Sync {
    /// Whether the engine supports what not every engine does.
    fn supports(&self, capability: Capability) -> bool;

    /// Equal for two engines of this process that arbitrate the same locks.
    fn identity(&self) -> &OsStr;

    /// Where the locks are, for messages: a path or a URL without its password.
    fn location(&self) -> String;

    /// Where the lock `name` is, for messages.
    fn lock_location(&self, name: &LockName) -> String;

    /// Looks up the holder of the lock `name` in any process.
    ///
    /// Calls `reply` at once, or later on another thread; with `None` unless the holder is certain.
    /// Never called under a mutex.
    fn find_holder(&self, name: &LockName, reply: HolderReply);

    /// How long to wait for the reply of [`Engine::find_holder`]; by default one second.
    ///
    /// A timeout that has no reply by then names no holder.
    fn holder_timeout(&self) -> Duration {
        Duration::from_secs(1)
    }

    /// The status of every lock that the engine knows of; those of this process as seen by others.
    ///
    /// May block; never called under a mutex.
    ///
    /// # Errors
    /// - [`LockError::Unsupported`] when the engine has no list.
    /// - Whatever keeps it from reading the list. A lock about which little can be known is listed
    ///   with that little.
    fn list(&self) -> Result<Vec<Status>, LockError> {
        Err(LockError::Unsupported {
            what: "listing all locks",
            location: self.location(),
            remedy: "ask for each lock by its name",
        })
    }

    /// The status of the lock `name`: free if it was never used.
    ///
    /// May block; never called under a mutex. By default the status is looked up in
    /// [`Engine::list`].
    ///
    /// # Errors
    /// Those of [`Engine::list`].
    fn status(&self, name: &LockName) -> Result<Status, LockError> {
        let all = self.list()?;
        let found = all.into_iter().find(|status| status.name() == name.as_str());
        Ok(found.unwrap_or_else(|| Status::new(name.as_str(), State::Free)))
    }

    /// Removes what killed processes left behind of unused locks, and returns how many it removed.
    ///
    /// May block; never called under a mutex.
    ///
    /// # Errors
    /// Whatever keeps it from looking.
    fn sweep(&self) -> Result<usize, LockError> {
        Ok(0)
    }

    /// The claim on `name`, not acquired yet.
    fn claim(&self, name: &LockName) -> Box<dyn Claim>;
}

/// A callback with the holder of a lock, if it is certain.
pub type HolderReply = Box<dyn FnOnce(Option<Box<Holder>>) + Send>;

/// What not every engine supports.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Capability {
    /// Shared (reader's) locks.
    SharedLocks,
    /// Locks can be lost while they are held, which [`Claim::loss_monitor`] reports.
    LockLoss,
    /// The next holder learns that a process died while holding the lock. Without this, a section
    /// with `recover` is refused.
    AbandonmentReports,
    /// Processes are served first come, first served, so that none has to yield to others.
    FairAcrossProcesses,
    /// Owners that wait for each other are detected, across several locks.
    DeadlockDetection,
}

/// Fails in a forked child of the process that opened an engine: what it inherited belongs to its
/// parent.
///
/// An engine keeps the [`ProcessId::current`] of its opening, and passes it to its claims.
///
/// # Errors
/// [`LockError::Forked`] when this process is not the one in `opened_by`.
pub fn check_process(
    opened_by: ProcessId,
    name: &LockName,
    location: impl FnOnce() -> String,
) -> Result<(), LockError> {
    if opened_by.is_current() {
        return Ok(());
    }
    let (opened_by, here) = (opened_by.number(), process::id());
    Err(LockError::Forked { name: name.clone(), location: location(), opened_by, here })
}
