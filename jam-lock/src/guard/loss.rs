//! Loss of a lock while it is held, which can happen to locks of a server.

use std::future;
use std::task::{Poll, Waker};

use crate::error::LockError;
use crate::guard::LockGuard;

impl LockGuard {
    /// Whether the lock counts as lost, although this guard was not dropped.
    ///
    /// File locks are never lost, not even if the file is removed. A lock of a server is lost permanently
    /// once its session has ended, or once the server has been silent for so long that it may soon free the
    /// lock: then another process may hold it. This does not query the server.
    #[must_use]
    pub fn is_lost(&self) -> bool {
        self.loss_monitor.as_ref().is_some_and(|monitor| monitor.lost_reason().is_some())
    }

    /// Waits until the lock is [lost](LockGuard::is_lost), possibly forever.
    ///
    /// Use it in a `select!`, beside the work under the lock. It works with the same
    /// [executors](crate::guide::executors) as [`Lock::acquire_async`](crate::Lock::acquire_async). The body
    /// of an `async fn` under `#[locked]` does not need it: it is dropped at its current `.await` if the lock
    /// is lost.
    ///
    /// # Cancel safety
    /// Dropping the future has no effect on the lock.
    pub async fn lost(&self) {
        let Some(monitor) = &self.loss_monitor else { return future::pending().await };
        future::poll_fn(|context| {
            monitor.on_loss(context.waker());
            if monitor.lost_reason().is_some() { Poll::Ready(()) } else { Poll::Pending }
        })
        .await;
    }

    /// The error of a lost lock, or of the deadlock in which it was lost; if it is not lost, `waker` is
    /// woken once it is.
    pub(crate) fn poll_lost(&self, waker: &Waker) -> Option<LockError> {
        let monitor = self.loss_monitor.as_ref()?;
        monitor.on_loss(waker);
        let lost = self.ensure().err()?;
        let Some(name) = monitor.deadlocked_on() else { return Some(lost) };
        let (name, location) = (Box::new(name), self.gate.location().to_owned());
        Some(LockError::Deadlock { name, location })
    }

    /// Fails if the lock is [lost](LockGuard::is_lost).
    ///
    /// Call it in blocking code before each step that only the holder may take.
    ///
    /// # Errors
    /// [`LockError::Lost`] if the lock is lost.
    ///
    /// # Example
    /// ```
    /// use jam_lock::{LockError, LockName, Locks};
    ///
    /// let guard = Locks::temporary()?.lock(LockName::new("import")?).acquire()?;
    /// for file in ["a.csv", "b.csv"] {
    ///     guard.ensure()?;
    ///     println!("importing {file}");
    /// }
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn ensure(&self) -> Result<(), LockError> {
        match self.loss_monitor.as_ref().and_then(|monitor| monitor.lost_reason()) {
            None => Ok(()),
            Some(reason) => Err(self.lost_because(reason)),
        }
    }

    pub(super) fn lost_because(&self, reason: impl Into<String>) -> LockError {
        let (name, location) = (Box::new(self.name().clone()), self.gate.location().to_owned());
        LockError::Lost { name, location, reason: reason.into() }
    }
}
