//! [`LossMonitor`]: notifies the holder of a lock of its loss.

use std::fmt;
use std::task::Waker;

use crate::name::LockName;

/// Reports that a claim was lost while it was held: as soon as that happens, for engines with
/// [`Capability::LockLoss`](super::Capability::LockLoss), or else when it is checked.
pub trait LossMonitor: fmt::Debug + Send + Sync {
    /// Why the claim was lost, if it was. Once lost, it stays lost.
    fn lost_reason(&self) -> Option<String>;

    /// The lock that the owner waited for, if the claim was lost because the engine resolved a
    /// deadlock by ending that wait; by default `None`.
    fn deadlocked_on(&self) -> Option<LockName> {
        None
    }

    /// The same, after a look for a loss that nothing reports by itself, such as the removal of a
    /// file. By default there is none.
    fn check(&self) -> Option<String> {
        self.lost_reason()
    }

    /// Wakes `waker` when the claim is lost; at once if it already is.
    fn on_loss(&self, waker: &Waker);

    /// Blocks until the engine has confirmed all earlier releases, or does not respond in time.
    fn flush(&self);

    /// The query with which a holder fences a transaction: it returns a row as long as no other
    /// holder has had the lock since. By default `None`.
    fn fence_statement(&self) -> Option<String> {
        None
    }
}
