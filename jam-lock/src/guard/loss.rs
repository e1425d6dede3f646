//! Loss of a lock while it is held.

use std::future;
use std::task::{Poll, Waker};

use crate::error::LockError;
use crate::guard::LockGuard;

impl LockGuard {
    /// Whether the lock counts as lost, although this guard was not dropped.
    ///
    /// A lock of a folder is lost if its file was removed or replaced, because another process may lock the
    /// file that takes its place; this looks at the file. It is never lost on Windows, which keeps files that
    /// are open.
    ///
    /// A lock of a server is lost permanently once its session has ended, or once the server has been silent
    /// for so long that it may soon free the lock: then another process may hold it. This does not query the
    /// server.
    #[must_use]
    pub fn is_lost(&self) -> bool {
        self.loss_monitor.as_ref().is_some_and(|monitor| monitor.check().is_some())
    }

    /// Waits until the lock is [lost](LockGuard::is_lost), possibly forever.
    ///
    /// Only a server reports a loss by itself. The file of a lock in a folder is looked at by
    /// [`LockGuard::is_lost`], [`LockGuard::ensure`] and [`LockGuard::release`] alone, so for such a lock this
    /// lasts forever.
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
        let lost = self.ensure_as_reported().err()?;
        let Some(name) = monitor.deadlocked_on() else { return Some(lost) };
        let (name, location) = (Box::new(name), self.gate.location().to_owned());
        Some(LockError::Deadlock { name, location, cycle: Vec::new() })
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
        let reason = self.loss_monitor.as_ref().and_then(|monitor| monitor.check());
        reason.map_or(Ok(()), |reason| Err(self.lost_because(reason)))
    }

    /// The same, for a loss that was reported by itself.
    pub(super) fn ensure_as_reported(&self) -> Result<(), LockError> {
        let reason = self.loss_monitor.as_ref().and_then(|monitor| monitor.lost_reason());
        reason.map_or(Ok(()), |reason| Err(self.lost_because(reason)))
    }

    pub(super) fn lost_because(&self, reason: impl Into<String>) -> LockError {
        let (name, location) = (Box::new(self.name().clone()), self.gate.location().to_owned());
        LockError::Lost { name, location, reason: reason.into() }
    }
}
