//! What arbitrates between processes: [`Engine`], for who brings one of their own.
//!
//! An engine knows nothing of threads and tasks that wait, of their order or of their deadlines:
//! that is the gate's, of which each process has one for each name, in front of the engine. The
//! gate calls every method of [`Claim`] while it holds its mutex, so none of them may block for
//! another holder, or for a server; only a pursuit does, on a thread of the engine's own. Nor may they
//! panic, or acquire locks of this library. What the gate hands to the engine to call later
//! ([`Home`], [`Tell`], [`WriterWaits`]) may take the gate's mutex and wake tasks, so it is called
//! under no mutex of the engine's.
//!
//! The life of a claim, as the gate sees it:
//!
//! ```text
//! attempt ─ Claimed ──────────────────────────────┐
//!         ├ Refused ─┐                            │
//!         └ Unknown ─┴ pursue … home ─ welcome ───┴ publish … (pass_to, publish)* … release
//!                             │     └ dismiss
//!                             └ recall … home ─ dismiss
//! ```
//!
//! [`Locks::with_engine`](crate::Locks::with_engine) opens the locks of an engine.

pub(crate) mod file;
pub(crate) mod memory;
#[cfg(feature = "postgres")]
pub(crate) mod postgres;

use std::ffi::OsStr;
use std::fmt;
use std::process;
use std::sync::Arc;
use std::task::Waker;
use std::time::Duration;

use crate::holder::Holder;
use crate::site::Site;
use crate::{LockError, LockName, State, Status};

pub use crate::process_id::ProcessId;

/// What arbitrates between processes for a set of names.
pub trait Engine: fmt::Debug + Send + Sync {
    /// Whether it has an ability that not every engine has.
    fn can(&self, ability: Ability) -> bool;

    /// Equal for two engines of this process that arbitrate the same locks.
    fn identity(&self) -> &OsStr;

    /// Where all the locks are, for people.
    fn location(&self) -> String;

    /// Where the lock `name` is, for people.
    fn place(&self, name: &LockName) -> String;

    /// Calls `tell` with the holder of the lock `name` in any process, if it is certain: at once, or
    /// later on another thread. Nobody calls it under a mutex.
    fn find_holder(&self, name: &LockName, tell: Tell);

    /// How long to wait for the answer of [`Engine::find_holder`]; a timeout that has none by then
    /// names no holder.
    fn holder_timeout(&self) -> Duration {
        Duration::from_secs(1)
    }

    /// How all the locks stand that it knows of, those of this process as others see them. It may
    /// block; nobody calls it under a mutex.
    ///
    /// # Errors
    /// [`LockError::Unsupported`] where it knows of no list, and what keeps it from reading one. Of
    /// a lock of which little can be known, that little is told.
    fn survey(&self) -> Result<Vec<Status>, LockError> {
        Err(LockError::Unsupported {
            what: "a survey of all locks",
            place: self.location(),
            remedy: "ask for each lock by its name",
        })
    }

    /// How the lock `name` stands: free, where nobody has ever used it. It may block; nobody calls it
    /// under a mutex.
    ///
    /// What an engine does not say otherwise is looked for in [`Engine::survey`].
    ///
    /// # Errors
    /// As [`Engine::survey`].
    fn status(&self, name: &LockName) -> Result<Status, LockError> {
        let all = self.survey()?;
        let found = all.into_iter().find(|status| status.name() == name.as_str());
        Ok(found.unwrap_or_else(|| Status::new(name.as_str(), State::Free)))
    }

    /// Removes what processes that died have left behind of locks that nobody uses, and tells of
    /// how many. It may block; nobody calls it under a mutex.
    ///
    /// # Errors
    /// What keeps it from looking.
    fn sweep(&self) -> Result<usize, LockError> {
        Ok(0)
    }

    /// The seat of `name` at this engine; nothing is claimed yet.
    fn claim(&self, name: &LockName) -> Box<dyn Claim>;
}

/// Fails in a fork of the process that has opened an engine: what it inherited is its parent's.
///
/// An engine keeps [`ProcessId::current`] of when it was opened, and hands it to its claims.
///
/// # Errors
/// [`LockError::Forked`] where this process is not the one that is `opened_by`.
pub fn check_process(
    opened_by: ProcessId,
    name: &LockName,
    place: impl FnOnce() -> String,
) -> Result<(), LockError> {
    if opened_by.is_current() {
        return Ok(());
    }
    let (opened_by, here) = (opened_by.number(), process::id());
    Err(LockError::Forked { name: name.clone(), place: place(), opened_by, here })
}

/// What an engine calls with the answer to who holds a lock.
pub type Tell = Box<dyn FnOnce(Option<Box<Holder>>) + Send>;

/// What not every engine can do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Ability {
    /// It has locks for readers.
    Shares,
    /// Its locks can be lost while they are held, which [`Claim::watch`] tells.
    Loses,
    /// It reports a death with the lock to the next holder; without that, a section with `recover` is
    /// refused.
    TellsOfDeaths,
    /// It serves processes in the order in which they came, so that nobody has to stand back.
    ServesInOrder,
    /// It tells call chains apart, so that who waits in a circle over several locks is found out.
    SeesCircles,
}

/// Whether a claim keeps everybody else out, or writers only.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// One holder: a writer.
    Exclusive,
    /// Any number of holders: readers.
    Shared,
}

/// What came of an attempt that does not wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Attempt {
    /// This process has the claim.
    Claimed,
    /// Another process is in its way.
    Refused,
    /// Nobody can tell without waiting for an answer: a pursuit has to ask.
    Unknown,
}

/// What holds several locks one inside another and so may wait in a circle, by number: a thread or
/// a task.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct CallChain(pub(crate) u64);

impl CallChain {
    /// One that is not known, and so holds nothing else.
    pub const NONE: Self = Self(0);
}

/// A wait for a claim, on behalf of the first in a gate's queue.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Pursuit {
    /// The gate's number of it, by which it is called in all that follows.
    pub number: u64,
    /// Whether it is for a writer, or for readers.
    pub mode: Mode,
    /// Whether it waits for other holders; where not, it asks once.
    pub waits: bool,
    /// How long others are to have the claim first.
    pub pause: Duration,
    /// On whose behalf, where the engine [sees circles](Ability::SeesCircles).
    pub chain: CallChain,
    /// Who is to be made known as the holder, if anybody is.
    pub site: Option<Site>,
}

/// What an engine calls, on a thread of its own, when it finds that a writer elsewhere waits.
pub type WriterWaits = Box<dyn FnOnce() + Send>;

/// What a pursuit calls when it has ended, on a thread of the engine's own: with whether it has
/// brought the claim home, which one that does not wait may not have, nor one that was recalled.
pub type Home = Box<dyn FnOnce(Result<bool, LockError>) + Send>;

/// What a holder learns that has just acquired the lock.
#[derive(Debug, Default)]
pub struct Publication {
    /// Rises with every writer; a reader's lies between those of the writers around it.
    pub token: u64,
    /// How far tokens may rise beyond it without being made known.
    pub spare: u64,
    /// The first who died with the lock, if nobody has recovered since: no writer that learned of
    /// it has left the lock clean.
    pub abandoned: Option<Box<Holder>>,
    /// What kept the engine from reading or writing its record of the holder.
    pub record_error: Option<Box<RecordError>>,
}

/// What kept an engine from reading or writing its record of a lock's holder, although the lock
/// was acquired.
#[derive(Debug)]
pub struct RecordError {
    /// What was being done to which record, and what the system said.
    pub error: LockError,
    /// Whether somebody may have died with the lock before, of whom this holder does not learn.
    pub may_hide_a_death: bool,
}

/// How a lock is left behind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Left {
    /// As the next holder may expect it.
    InOrder,
    /// As by somebody who died inside.
    Abandoned,
}

/// What has become of a claim while this process has used it.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Used<'gate> {
    /// The first who died with the lock or left it abandoned, for as long as nobody has recovered
    /// since.
    pub abandoned: Option<&'gate Holder>,
    /// The greatest token that this process has given to a writer.
    pub last: u64,
}

/// Tells whether a claim was lost while it was held, on an engine where that can happen.
pub trait Watch: fmt::Debug + Send + Sync {
    /// Why it counts as lost, if it does, which it does for ever then.
    fn loss(&self) -> Option<String>;

    /// Has `waker` woken once the claim is lost; at once if it is.
    fn on_loss(&self, waker: &Waker);

    /// Blocks until the engine has confirmed what was released, or for as long as that is worth.
    fn settle(&self);

    /// For what an engine offers to holders beyond this.
    fn as_any(&self) -> Option<&dyn std::any::Any> {
        None
    }
}

/// One name's claim: asked for, held by this process, given back.
pub trait Claim: Send {
    /// Whether this process may use the claim at all, which a forked child may not.
    ///
    /// # Errors
    /// [`LockError::Forked`] where it may not.
    fn check_process(&self) -> Result<(), LockError>;

    /// Whether others look again and again whether the lock is free, as far as can be seen.
    fn is_polled(&self) -> bool {
        false
    }

    /// One attempt that does not wait.
    ///
    /// # Errors
    /// Trouble; contention is [`Attempt::Refused`].
    fn attempt(&mut self, mode: Mode) -> Result<Attempt, LockError>;

    /// Whether the claim, which this process has as a reader, still is what the name stands for: for
    /// files, whether the path still leads to the file that is locked.
    ///
    /// # Errors
    /// What keeps that from being known.
    fn is_still_valid(&mut self) -> Result<bool, LockError> {
        Ok(true)
    }

    /// Looks whether a writer of another process waits for the claim, which this process has as a
    /// reader, and calls `found` if so: later, on a thread of the engine's own.
    ///
    /// Readers of one process share its claim without the engine; this is what keeps them from
    /// sharing it forever. The gate calls it every 5 ms while readers join each other, and less often
    /// if `found` takes long to be called or dropped. An engine that cannot know drops it.
    fn find_waiting_writer(&mut self, found: WriterWaits) {
        drop(found);
    }

    /// Starts a wait for the claim, on a thread of the engine's own.
    ///
    /// `home` is called once, but not before this has returned, and is followed by
    /// [`Claim::welcome`] or [`Claim::dismiss`].
    ///
    /// # Errors
    /// What keeps the wait from being begun; `home` is not called then.
    fn pursue(&mut self, pursuit: Pursuit, home: Home) -> Result<(), LockError>;

    /// Whether what pursuit `number` waits for is still what the name stands for.
    ///
    /// # Errors
    /// What keeps that from being known.
    fn is_current(&mut self, number: u64) -> Result<bool, LockError>;

    /// What pursuit `number` waits for, where that is no other holder, as the end of a sentence.
    fn obstacle(&self, number: u64) -> Option<String> {
        let _ = number;
        None
    }

    /// Ends pursuit `number`, for which nobody waits any more; it still comes home. `false` where it
    /// goes on, for others who may come.
    fn recall(&mut self, number: u64) -> bool {
        let _ = number;
        false
    }

    /// Takes over what pursuit `number` brought home; `false` where the claim slipped away.
    ///
    /// # Errors
    /// What keeps it from being used; it is given back then.
    fn welcome(&mut self, number: u64) -> Result<bool, LockError>;

    /// Forgets pursuit `number`; what it brought is given back, unless it is this claim itself.
    fn dismiss(&mut self, number: u64);

    /// Whether the claim, which nobody uses at the moment, may be `chain`'s from now on: not where
    /// it is lost, nor where the chain could no longer be told from another.
    fn pass_to(&mut self, chain: CallChain) -> bool {
        let _ = chain;
        true
    }

    /// What tells whether the claim, which this process has, is lost; nothing where it cannot be.
    fn watch(&self) -> Option<Arc<dyn Watch>> {
        None
    }

    /// Makes known who of this process uses the claim from now on, unless `site` is left out.
    ///
    /// If that process dies, the next one learns of who is [abandoned](Used::abandoned) already, by
    /// `used` or by what the engine finds, and only else of this holder.
    fn publish(&mut self, mode: Mode, site: Option<&Site>, used: Used<'_>) -> Publication;

    /// Makes known that nobody uses the claim, which this process keeps, and that nobody has left it
    /// abandoned. `last` is the greatest token that this process has given to a writer.
    fn withdraw(&mut self, last: u64);

    /// Gives back the claim, if it is held in `mode`; it was used unless that is left out, or nobody
    /// was made known of since it came home. What is [abandoned](Used::abandoned) then, the next
    /// holder learns; what a reader's claim was found with stays as it is.
    ///
    /// # Errors
    /// What is known by then to have gone wrong; the claim is given up in any case.
    fn release(&mut self, mode: Mode, used: Option<Used<'_>>) -> Result<(), LockError>;
}
