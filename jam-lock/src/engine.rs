//! What arbitrates between processes.
//!
//! An engine knows nothing of threads that wait, of their order or of their deadlines: that is the
//! gate's, which calls every method of [`Claim`] while it holds its mutex. So none of them blocks
//! for another holder; only a pursuit does, on a thread of the engine's own.

pub(crate) mod file;

use std::ffi::OsStr;
use std::fmt;
use std::time::Duration;

use crate::holder::Holder;
use crate::site::Site;
use crate::{LockError, LockName};

/// What arbitrates between processes for a set of names.
pub(crate) trait Engine: fmt::Debug + Send + Sync {
    /// Equal for two engines of this process that arbitrate the same locks.
    fn identity(&self) -> &OsStr;

    /// Where all the locks are, for people.
    fn location(&self) -> String;

    /// Where the lock `name` is, for people.
    fn place(&self, name: &LockName) -> String;

    /// Who holds the lock `name` at the moment in some process, where that is certain.
    ///
    /// May take a while, so nobody calls it under a mutex.
    fn holder(&self, name: &LockName) -> Option<Box<Holder>>;

    /// The seat of `name` at this engine; nothing is claimed yet.
    fn claim(&self, name: &LockName) -> Box<dyn Claim>;
}

/// Whether a claim keeps everybody else out, or writers only.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mode {
    /// One holder: a writer.
    Exclusive,
    /// Any number of holders: readers.
    Shared,
}

/// What a holder is told that has just acquired the lock.
#[derive(Debug, Default)]
pub(crate) struct Publication {
    /// Rises with every writer; a reader's lies between those of the writers around it.
    pub(crate) token: u64,
    /// How far tokens may rise beyond it without being made known.
    pub(crate) spare: u64,
    /// Who died with the lock before, if nobody has acquired it since.
    pub(crate) abandoned: Option<Box<Holder>>,
}

/// How a lock is left behind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Left {
    /// As the next holder may expect it.
    InOrder,
    /// As by somebody who died inside.
    Abandoned,
}

/// What has become of a claim while it was used.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Used {
    pub(crate) left: Left,
    /// The greatest token that this process has given to a writer.
    pub(crate) last: u64,
}

/// What a pursuit calls, on its own thread, when its wait has ended.
pub(crate) type Home = Box<dyn FnOnce(Result<(), LockError>) + Send>;

/// One name's claim: asked for, held by this process, given back.
pub(crate) trait Claim: Send {
    /// Whether this process may use the claim at all, which a forked child may not.
    fn check_process(&self) -> Result<(), LockError>;

    /// Whether others look again and again whether the lock is free, as far as can be seen.
    fn is_polled(&self) -> bool;

    /// One attempt that does not wait; `false` where another process is in its way.
    fn attempt(&mut self, mode: Mode) -> Result<bool, LockError>;

    /// Starts a wait for the claim, after `pause`, on a thread of the engine's own.
    ///
    /// `number` is the gate's, and names the pursuit in [`Claim::welcome`] or [`Claim::dismiss`],
    /// one of which follows every call of `home`.
    fn pursue(
        &mut self,
        number: u64,
        mode: Mode,
        pause: Duration,
        home: Home,
    ) -> Result<(), LockError>;

    /// Whether what pursuit `number` waits for is still what the name stands for.
    fn is_current(&mut self, number: u64) -> Result<bool, LockError>;

    /// Takes over what pursuit `number` brought home; `false` where the claim slipped away.
    fn welcome(&mut self, number: u64) -> Result<bool, LockError>;

    /// Forgets pursuit `number`; what it brought is given back, unless it is this claim itself.
    fn dismiss(&mut self, number: u64);

    /// Makes known who of this process uses the claim from now on, unless `site` is left out.
    ///
    /// Here and below, `last` is the greatest token that this process has given to a writer.
    fn publish(&mut self, mode: Mode, site: Option<&Site>, last: u64) -> Publication;

    /// Makes known that nobody uses the claim, which this process keeps.
    fn withdraw(&mut self, last: u64);

    /// Gives back the claim, which is held in `mode`, and was used unless that is left out.
    fn release(&mut self, mode: Mode, used: Option<Used>) -> Result<(), LockError>;
}
