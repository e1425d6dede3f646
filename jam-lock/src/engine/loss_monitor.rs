//! [`LossMonitor`]: how the holder of a lock notices that it has lost it.

use std::fmt;
use std::task::Waker;

/// Reports that a claim was lost while it was held, on an engine where that can happen.
pub trait LossMonitor: fmt::Debug + Send + Sync {
    /// Why the claim counts as lost, if it does; once lost, it stays lost.
    fn lost_reason(&self) -> Option<String>;

    /// Wakes `waker` once the claim is lost, at once if it already is.
    fn on_loss(&self, waker: &Waker);

    /// Blocks until the engine has confirmed every release so far, or until it is unresponsive.
    fn flush(&self);

    /// A query that returns a row as long as nobody else has had the lock since, on an engine whose
    /// holders can fence a transaction.
    fn fence_statement(&self) -> Option<String> {
        None
    }
}
