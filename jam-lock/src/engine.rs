//! The interface of an engine, which arbitrates between processes: [`Engine`] and [`Claim`].
//!
//! In front of the engine, each process has one gate for each name. The gate handles threads and
//! tasks, their order and their deadlines; an engine sees nothing of them but their [`OwnerId`].
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
//! try_acquire ┬ Acquired ───────────────────────────────┐
//!             ├ Contended ┐                             │
//!             └ Unknown ──┴ start_wait … done ┬ accept ─┴ use
//!                               │             └ discard
//!                               └ cancel_wait … done ─ discard
//!
//! use ─ record_holder … ([clear_holder] … [reassign] … record_holder)* … release
//! ```
//!
//! Steps in brackets may be left out. A claim that is accepted and not needed is released without
//! any other step.
//!
//! [`Locks::with_engine`](crate::Locks::with_engine) opens the locks of an engine.

mod claim;
pub(crate) mod file;
mod loss_monitor;
pub(crate) mod memory;
#[cfg(feature = "postgres")]
pub(crate) mod postgres;
mod recorded_wait;

use std::ffi::OsStr;
use std::fmt;
use std::process;
use std::sync::Arc;
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
pub use self::recorded_wait::{FoundWaits, RecordedWait};
pub use crate::process_id::ProcessId;

/// Arbitrates between processes for a set of names.
pub trait Engine: fmt::Debug + Send + Sync {
    /// Whether the engine has an optional capability.
    fn supports(&self, capability: Capability) -> bool;

    /// Identifies the locks: equal for two engines of this process that arbitrate the same ones.
    fn identity(&self) -> &OsStr;

    /// The location of the locks, for messages: a path, or a URL without its password.
    fn location(&self) -> String;

    /// The location of the lock `name`, for messages.
    fn lock_location(&self, name: &LockName) -> String;

    /// Looks up the holder of the lock `name` in any process.
    ///
    /// Calls `reply` at once or later, on any thread, with `None` unless the holder is certain. The
    /// gate calls this method without holding its mutex.
    fn find_holder(&self, name: &LockName, reply: HolderReply);

    /// How many permits the record of the lock `name` says that it has, if it has a holder.
    ///
    /// The holder may be gone: the library looks for it before it relies on that. The call must not block; by
    /// default, and where the record cannot be read at once, `None`.
    fn recorded_permits(&self, name: &LockName) -> Option<u16> {
        let _ = name;
        None
    }

    /// How long to wait for the reply of [`Engine::find_holder`], by default one second.
    ///
    /// Without a reply by then, the error of a timeout names no holder.
    fn holder_timeout(&self) -> Duration {
        Duration::from_secs(1)
    }

    /// How long an attempt that does not wait for the lock may take, by default without a limit.
    ///
    /// It then ends as a timeout, with what [`Claim::blocked_on`] says. For an engine whose waits may
    /// remain without any answer.
    fn response_timeout(&self) -> Option<Duration> {
        None
    }

    /// Looks up what the holder of the lock `name` waits for, if another process holds it.
    ///
    /// Every call reads the record anew. May block, but on no other holder: the library calls this
    /// method on a thread of its own, or for a caller that looks at the status of a lock. By default,
    /// [`FoundWaits::None`].
    fn find_waits(&self, name: &LockName) -> FoundWaits {
        let _ = name;
        FoundWaits::None
    }

    /// An engine for the locks at `location`, which a process has recorded in a
    /// [`RecordedWait`], if this engine can open it; by default `None`.
    fn open_recorded(&self, location: &str) -> Option<Arc<dyn Engine>> {
        let _ = location;
        None
    }

    /// The status of every lock of the engine; those of this process are shown as other processes
    /// see them.
    ///
    /// May block: the gate calls this method without holding its mutex. Unknown details of a lock
    /// are left out of its status.
    ///
    /// # Errors
    /// - [`LockError::Unsupported`] if the engine cannot list its locks, as by default.
    /// - Other variants if the list cannot be read.
    fn list(&self) -> Result<Vec<Status>, LockError> {
        Err(LockError::Unsupported {
            what: "listing all locks",
            location: self.location(),
            remedy: "query each lock by its name".into(),
        })
    }

    /// The status of the lock `name`, which is free if it was never used.
    ///
    /// May block: the gate calls this method without holding its mutex. By default the status is
    /// looked up in [`Engine::list`].
    ///
    /// # Errors
    /// Those of [`Engine::list`].
    fn status(&self, name: &LockName) -> Result<Status, LockError> {
        let all = self.list()?;
        let found = all.into_iter().find(|status| status.name() == name.as_str());
        Ok(found.unwrap_or_else(|| Status::new(name.as_str(), State::Free)))
    }

    /// Removes what is left of keyed names that are not in use, and returns their number.
    ///
    /// Tokens keep rising, and a death that no holder has learned of stays. May block: the gate calls this method without holding its mutex. By default there are none.
    ///
    /// # Errors
    /// Those of [`Engine::list`].
    fn sweep(&self) -> Result<usize, LockError> {
        Ok(0)
    }

    /// The lock `name` for a transaction of the database that has these locks, by default `None`.
    #[cfg(feature = "postgres")]
    fn transaction_lock(&self, name: &LockName) -> Option<postgres::transaction::TransactionLock> {
        let _ = name;
        None
    }

    /// Creates the claim on `name`, which is not acquired yet.
    fn claim(&self, name: &LockName) -> Box<dyn Claim>;
}

/// The callback of [`Engine::find_holder`]: takes the holder of a lock, if it is certain.
pub type HolderReply = Box<dyn FnOnce(Option<Box<Holder>>) + Send>;

/// What an engine may support.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Capability {
    /// Shared locks, for readers.
    SharedLocks,
    /// A lock can be lost while it is held, which [`Claim::loss_monitor`] reports.
    LockLoss,
    /// The next holder learns that a process died while holding the lock. Without this, sections
    /// with `recover` are refused.
    AbandonmentReports,
    /// Processes are served first come, first served, so none has to yield to the others.
    FairAcrossProcesses,
    /// A cycle of owners that wait for each other is detected, across several locks.
    DeadlockDetection,
    /// A holder that has started this process and waits for it to exit is recognized, so that a wait for
    /// it fails.
    AncestorDetection,
    /// The last run of a job is recorded beside its lock. Without this,
    /// [`Lock::at_most_every`](crate::Lock::at_most_every) is refused.
    LastRuns,
}

/// Checks that this process is the one that opened an engine: a forked child must not use what it
/// inherited.
///
/// An engine stores [`ProcessId::current`] when it is opened, and passes it to its claims.
///
/// # Errors
/// [`LockError::Forked`] if this process is not `opened_by`.
pub fn check_process(
    opened_by: ProcessId,
    name: &LockName,
    location: impl FnOnce() -> String,
) -> Result<(), LockError> {
    if opened_by.is_current() {
        return Ok(());
    }
    let (opened_by, here) = (opened_by.number(), process::id());
    Err(LockError::Forked { name: name.without_permit(), location: location(), opened_by, here })
}
