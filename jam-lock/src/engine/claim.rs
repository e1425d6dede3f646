//! [`Claim`]: the lock of one name, as this process acquires, holds and releases it at an engine.

#[cfg(unix)]
use std::os::fd::OwnedFd;
use std::sync::Arc;
use std::time::Duration;

use super::loss_monitor::LossMonitor;
use super::recorded_wait::RecordedWait;
use crate::error::LockError;
use crate::holder::Holder;
use crate::last_run::LastRun;
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
    /// Another process holds the claim in a mode that excludes this one.
    Contended,
    /// Only a server knows, and its answer must not be waited for here: start a wait.
    Unknown,
}

/// Identifies an owner: a thread or a task, which may hold several locks and so may deadlock.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct OwnerId(pub(crate) u64);

impl OwnerId {
    /// An unknown owner, which holds nothing else.
    pub const NONE: Self = Self(0);
}

/// Identifies a wait of one claim.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct WaitId(pub(crate) u64);

/// A wait for a claim, on behalf of the waiter at the head of the gate's queue, or of one that needs
/// [a wait of its own](Claim::needs_own_wait).
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct WaitRequest {
    /// Identifies the wait in the calls that follow.
    pub id: WaitId,
    /// Whether to wait as a writer or as a reader.
    pub mode: Mode,
    /// Whether to wait for other holders; otherwise the engine tries once.
    pub blocking: bool,
    /// How long to leave the claim to other processes before the wait begins.
    pub yield_first: Duration,
    /// The owner that waits, for engines with
    /// [`Capability::DeadlockDetection`](super::Capability::DeadlockDetection).
    pub owner: OwnerId,
    /// The call site to record as the holder; `None` if it is not recorded.
    pub site: Option<Site>,
    /// How many permits the lock has, to be recorded with the holder.
    pub permits: u16,
}

/// The callback of [`Claim::find_waiting_writer`].
pub type WriterWaiting = Box<dyn FnOnce() + Send>;

/// The callback of [`Claim::start_wait`]: takes whether the wait acquired the claim.
///
/// A wait that does not block, or was cancelled, may end without the claim.
pub type WaitDone = Box<dyn FnOnce(Result<bool, LockError>) + Send>;

/// What a new holder learns when it is recorded.
#[derive(Debug, Default)]
pub struct Recorded {
    /// The fencing token: it rises with every writer, and a reader's lies between those of the
    /// writers around it.
    pub token: u64,
    /// How far this process may raise its tokens above `token` before it records a holder again.
    pub token_reserve: u64,
    /// The first holder that died with the lock, until a writer that learned of it has released the
    /// lock cleanly.
    pub abandoned_by: Option<Box<Holder>>,
    /// The holder before, if it lives and has not released the lock: it was granted to both.
    pub unreleased_by: Option<Box<Holder>>,
    /// Why the record of the holder could not be read or written, if so.
    pub record_error: Option<Box<RecordError>>,
}

/// Why the record of a lock's holder could not be read or written, although the lock was acquired.
#[derive(Debug)]
pub struct RecordError {
    /// The operation, the record, and the error of the system.
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
    /// How many permits the lock has for the holder, to be recorded with it.
    pub permits: u16,
}

/// The claim of this process on one name.
pub trait Claim: Send {
    /// Checks that this process may use the claim, which a forked child may not.
    ///
    /// # Errors
    /// [`LockError::Forked`] in a forked child.
    fn check_process(&self) -> Result<(), LockError>;

    /// Whether other processes poll for the lock, as far as the engine knows; by default `false`.
    fn is_polled(&self) -> bool {
        false
    }

    /// Tries to acquire the claim without waiting.
    ///
    /// # Errors
    /// The engine failed. Contention is not an error.
    fn try_acquire(&mut self, mode: Mode) -> Result<TryAcquire, LockError>;

    /// Whether the claim, held here by readers, is still valid: for files, whether the path still
    /// names the locked file.
    ///
    /// # Errors
    /// The engine cannot determine it.
    fn is_still_valid(&mut self) -> Result<bool, LockError> {
        Ok(true)
    }

    /// Looks for a writer of another process that waits for the claim, held here by readers, and
    /// calls `found` if there is one: later, on a thread of the engine's own.
    ///
    /// Readers of one process share its claim without asking the engine; a writer that is found
    /// keeps them from sharing it forever. The gate calls this every 5 ms while readers join each
    /// other, and less often if `found` takes long to be called or dropped. By default, `found` is
    /// dropped.
    fn find_waiting_writer(&mut self, found: WriterWaiting) {
        drop(found);
    }

    /// Starts to wait for the claim, on a thread of the engine's own.
    ///
    /// The engine calls `done` once, after this method has returned; then the gate calls
    /// [`Claim::accept`] or [`Claim::discard`].
    ///
    /// # Errors
    /// The wait cannot be started; `done` is not called then.
    fn start_wait(&mut self, request: WaitRequest, done: WaitDone) -> Result<(), LockError>;

    /// Whether a waiter of `owner` needs a wait of its own, because the owner has other locks of the
    /// engine, which has to see whom it waits for; by default `false`.
    ///
    /// The gate starts that wait as soon as the waiter has come, even while this process has the
    /// claim, or waits for it on behalf of other owners, and cancels it when the waiter leaves. It
    /// offers the claim that the wait acquires to this waiter first, because [`Claim::reassign`] may
    /// refuse all others. If the wait ends with [`LockError::Deadlock`], so does the waiter.
    fn needs_own_wait(&self, owner: OwnerId) -> bool {
        let _ = owner;
        false
    }

    /// Whether the wait is still valid: for files, whether the path still names the file that is
    /// waited for.
    ///
    /// # Errors
    /// The engine cannot determine it.
    fn is_wait_still_valid(&mut self, id: WaitId) -> Result<bool, LockError>;

    /// The reason that the wait is blocked, as the end of a sentence; `None` if it is another
    /// holder.
    fn blocked_on(&self, id: WaitId) -> Option<String> {
        let _ = id;
        None
    }

    /// Cancels a wait that is no longer needed; its callback is still called. Returns `false` if
    /// the wait continues, so that it can serve later waiters.
    fn cancel_wait(&mut self, id: WaitId) -> bool {
        let _ = id;
        false
    }

    /// Takes over the claim that the wait acquired; `false` if it was lost in between.
    ///
    /// # Errors
    /// The claim cannot be used; it is released then.
    fn accept(&mut self, id: WaitId) -> Result<bool, LockError>;

    /// Forgets the wait, and releases the lock that it acquired, unless the claim was held already.
    fn discard(&mut self, id: WaitId);

    /// Reassigns the idle claim to `owner`; `false` if it was lost, or if the engine cannot
    /// distinguish this owner from another.
    fn reassign(&mut self, owner: OwnerId) -> bool {
        let _ = owner;
        true
    }

    /// The monitor that reports the loss of the held claim; `None` if it cannot be lost.
    ///
    /// The gate calls this for each holder, so it should be cheap.
    fn loss_monitor(&self) -> Option<Arc<dyn LossMonitor>> {
        None
    }

    /// A duplicate of the descriptor that holds the claim in `mode`, for a child process; `None` if
    /// no descriptor does.
    ///
    /// # Errors
    /// The descriptor cannot be duplicated.
    #[cfg(unix)]
    fn duplicate_descriptor(&self, mode: Mode) -> Result<Option<OwnedFd>, LockError> {
        let _ = mode;
        Ok(None)
    }

    /// Records the holder in this process that uses the claim from now on; none if `site` is
    /// `None`.
    ///
    /// If this process dies, the next holder learns of [`Usage::abandoned_by`], or of an earlier
    /// death that the engine finds, or else of this holder.
    fn record_holder(&mut self, mode: Mode, site: Option<&Site>, usage: Usage<'_>) -> Recorded;

    /// Whether [`Claim::record_holder`] takes about as long as it takes to wake a thread; by default
    /// `false`.
    ///
    /// Then the gate may call it for a writer that it has just woken, so that its section can begin as
    /// soon as it runs. If that waiter gives up instead, the claim is released as if it had been used.
    fn records_slowly(&self) -> bool {
        false
    }

    /// Records that the claim, which this process keeps, is unused and was not abandoned.
    ///
    /// `last_token` is the greatest token that this process has given to a writer.
    fn clear_holder(&mut self, last_token: u64);

    /// Records what the owner of the recorded writer waits for, instead of what was recorded before;
    /// nothing if `waits` is empty.
    ///
    /// Other processes find it with [`Engine::find_waits`](super::Engine::find_waits), from which they
    /// conclude that owners wait for each other. So it must not outlast this call with an empty slice.
    /// It may be left out if it cannot be recorded, as by default.
    fn record_waits(&mut self, waits: &[RecordedWait]) {
        let _ = waits;
    }

    /// Begins a run on behalf of the writer that holds the claim and is recorded, and returns the last one
    /// that ended well; by default an error.
    ///
    /// Only for engines with [`Capability::LastRuns`](super::Capability::LastRuns). The last run, which any
    /// process may have recorded, has to be known here without a question to a server. If it begins later
    /// than now, because the clock was set back, it is recorded again as one that begins now.
    ///
    /// # Errors
    /// The last run cannot be read, or the end of this one could not be recorded.
    fn begin_run(&mut self) -> Result<Option<LastRun>, LockError> {
        Err(LockError::engine("begin a run", "this engine", "it records no runs"))
    }

    /// Records that the run of the call site `site`, which began with the last call of
    /// [`Claim::begin_run`], has ended well, and that the next one may begin `period` after it began.
    ///
    /// The claim is still held then. It is kept until another run is recorded, or until `period` has
    /// passed, even if the lock is swept or abandoned.
    ///
    /// # Errors
    /// The run could not be recorded, as far as that is known at once.
    fn record_run(&mut self, site: &Site, period: Duration) -> Result<(), LockError> {
        let _ = (site, period);
        Err(LockError::engine("record a run", "this engine", "it records no runs"))
    }

    /// Releases the claim, if it is held in `mode`.
    ///
    /// The next holder learns of [`Usage::abandoned_by`]; `usage` is `None` if the gate did not use
    /// the claim. An abandonment stays as it was if no holder was recorded since the claim was
    /// acquired, or if `mode` is shared.
    ///
    /// # Errors
    /// The release failed, as far as that is known at once; the claim is no longer held in any
    /// case.
    fn release(&mut self, mode: Mode, usage: Option<Usage<'_>>) -> Result<(), LockError>;
}
