//! [`Claim`]: one name at an engine, as this process acquires, holds and releases it.

use std::sync::Arc;
use std::time::Duration;

use super::loss_monitor::LossMonitor;
use crate::error::LockError;
use crate::holder::Holder;
use crate::site::Site;

/// Whether a claim excludes every other holder, or writers only.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// One holder: a writer.
    Exclusive,
    /// Any number of holders: readers.
    Shared,
}

/// The result of [`Claim::try_acquire`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TryAcquire {
    /// This process has the claim.
    Acquired,
    /// Another process is in the way.
    Contended,
    /// The engine cannot answer without waiting for a server: start a wait.
    Unknown,
}

/// Identifies an owner, a thread or a task, which may hold several locks and so may deadlock.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct OwnerId(pub(crate) u64);

impl OwnerId {
    /// An unknown owner, which holds nothing else.
    pub const NONE: Self = Self(0);
}

/// Identifies a wait at its claim.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct WaitId(pub(crate) u64);

/// A wait for a claim, on behalf of the head of the gate's queue.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct WaitRequest {
    /// Identifies the wait in the calls that follow.
    pub id: WaitId,
    /// Whether it is for a writer or for readers.
    pub mode: Mode,
    /// Whether to wait for other holders; otherwise the engine is asked once.
    pub blocking: bool,
    /// How long to leave the claim to other processes first.
    pub yield_first: Duration,
    /// The owner that waits, for engines with
    /// [`Capability::DeadlockDetection`](super::Capability::DeadlockDetection).
    pub owner: OwnerId,
    /// The call site to record as the holder, if any.
    pub site: Option<Site>,
}

/// A callback for a writer of another process that waits.
pub type WriterWaiting = Box<dyn FnOnce() + Send>;

/// The completion of a wait: whether it acquired the claim.
///
/// A wait that does not block, or was cancelled, may end without it.
pub type WaitDone = Box<dyn FnOnce(Result<bool, LockError>) + Send>;

/// What a new holder learns when it is recorded.
#[derive(Debug, Default)]
pub struct Recorded {
    /// Rises with every writer; a reader's lies between those of the writers around it.
    pub token: u64,
    /// How far tokens may rise beyond `token` before the holder must be recorded again.
    pub token_reserve: u64,
    /// The first holder that died with the lock, until a writer that learned of it has released
    /// the lock cleanly.
    pub abandoned_by: Option<Box<Holder>>,
    /// What kept the engine from reading or writing its record of the holder.
    pub record_error: Option<Box<RecordError>>,
}

/// Why the record of a lock's holder could not be read or written, although the lock was acquired.
#[derive(Debug)]
pub struct RecordError {
    /// The operation, the record, and what the system said.
    pub error: LockError,
    /// Whether a process may have died with the lock before, without this holder learning of it.
    pub may_hide_abandonment: bool,
}

/// What happened to a claim while this process used it.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Usage<'gate> {
    /// The first holder that died with the lock or marked it abandoned, until it is recovered.
    pub abandoned_by: Option<&'gate Holder>,
    /// The greatest token that this process has given to a writer.
    pub last_token: u64,
}

/// One name's claim: acquired, held by this process, and released.
pub trait Claim: Send {
    /// Checks that this process may use the claim, which a forked child may not.
    ///
    /// # Errors
    /// [`LockError::Forked`] in a forked child.
    fn check_process(&self) -> Result<(), LockError>;

    /// Whether other processes poll for the lock, as far as can be seen.
    fn is_polled(&self) -> bool {
        false
    }

    /// Tries to acquire the claim without waiting.
    ///
    /// # Errors
    /// Failures only; contention is [`TryAcquire::Contended`].
    fn try_acquire(&mut self, mode: Mode) -> Result<TryAcquire, LockError>;

    /// Whether the claim, held here by readers, still is what the name stands for: for files,
    /// whether the path still leads to the locked file.
    ///
    /// # Errors
    /// Whatever keeps that from being known.
    fn is_still_valid(&mut self) -> Result<bool, LockError> {
        Ok(true)
    }

    /// Looks for a writer of another process that waits for the claim, held here by readers, and
    /// calls `found` if there is one: later, on a thread of the engine's own.
    ///
    /// Readers of one process share its claim without asking the engine; this keeps them from
    /// sharing it forever. The gate calls it every 5 ms while readers join each other, and less often
    /// when `found` takes long to be called or dropped. An engine that cannot know drops it.
    fn find_waiting_writer(&mut self, found: WriterWaiting) {
        drop(found);
    }

    /// Starts to wait for the claim, on a thread of the engine's own.
    ///
    /// `done` is called once, but not before this has returned, and is followed by
    /// [`Claim::accept`] or [`Claim::discard`].
    ///
    /// # Errors
    /// Whatever keeps the wait from being started; `done` is not called then.
    fn start_wait(&mut self, request: WaitRequest, done: WaitDone) -> Result<(), LockError>;

    /// Whether the wait is still for what the name stands for.
    ///
    /// # Errors
    /// Whatever keeps that from being known.
    fn is_wait_still_valid(&mut self, id: WaitId) -> Result<bool, LockError>;

    /// What the wait is blocked on, if it is not another holder, as the end of a sentence.
    fn blocked_on(&self, id: WaitId) -> Option<String> {
        let _ = id;
        None
    }

    /// Cancels a wait that is no longer needed; its completion is still called. `false` if it goes
    /// on, for waiters that may follow.
    fn cancel_wait(&mut self, id: WaitId) -> bool {
        let _ = id;
        false
    }

    /// Takes over what the wait acquired; `false` if the claim was lost in between.
    ///
    /// # Errors
    /// Whatever keeps it from being used; it is released then.
    fn accept(&mut self, id: WaitId) -> Result<bool, LockError>;

    /// Forgets the wait, and releases what it acquired, unless that is this claim itself.
    fn discard(&mut self, id: WaitId);

    /// Reassigns the idle claim to `owner`; `false` if it is lost, or if the engine could no longer
    /// tell that owner from another.
    fn reassign(&mut self, owner: OwnerId) -> bool {
        let _ = owner;
        true
    }

    /// Reports the loss of the held claim; `None` if it cannot be lost.
    fn loss_monitor(&self) -> Option<Arc<dyn LossMonitor>> {
        None
    }

    /// Records who of this process uses the claim from now on; nobody if `site` is `None`.
    ///
    /// If this process dies, the next holder learns of [`Usage::abandoned_by`] or of an earlier
    /// death that the engine finds; only without either, of this holder.
    fn record_holder(&mut self, mode: Mode, site: Option<&Site>, usage: Usage<'_>) -> Recorded;

    /// Records that the claim, which this process keeps, is unused and not abandoned.
    ///
    /// `last_token` is the greatest token that this process has given to a writer.
    fn clear_holder(&mut self, last_token: u64);

    /// Releases the claim, if it is held in `mode`.
    ///
    /// `usage` is `None` if no holder was recorded since it was acquired. The next holder learns of
    /// [`Usage::abandoned_by`]; a reader's claim leaves what it found.
    ///
    /// # Errors
    /// Failures known by then; the claim is given up in any case.
    fn release(&mut self, mode: Mode, usage: Option<Usage<'_>>) -> Result<(), LockError>;
}
