//! Whether a lock was lost while it was held, as one of a server can be.

use std::future;
use std::task::{Poll, Waker};

use crate::error::LockError;
use crate::guard::LockGuard;

impl LockGuard {
    /// Whether the lock counts as lost, although this guard was not dropped.
    ///
    /// A lock of a folder never does, not even if somebody has removed its file. A lock of a server is
    /// lost permanently once its session has ended, or once the server has not answered for so long
    /// that it may free the lock soon: then somebody else may be inside. This does not ask the server.
    #[must_use]
    pub fn is_lost(&self) -> bool {
        self.watch.as_ref().is_some_and(|watch| watch.lost_reason().is_some())
    }

    /// Waits until the lock is [lost](LockGuard::is_lost), which may be forever.
    ///
    /// It works with the same [executors](crate::guide::executors) as a wait for the lock, and is for
    /// `select!`, beside the work under the lock. The body of an `async fn` under `#[locked]` does not
    /// need it: it is dropped where it waits.
    pub async fn lost(&self) {
        let Some(watch) = &self.watch else { return future::pending().await };
        future::poll_fn(|context| {
            watch.on_loss(context.waker());
            if watch.lost_reason().is_some() { Poll::Ready(()) } else { Poll::Pending }
        })
        .await;
    }

    /// The error of a lost lock; where it is not lost, `waker` is woken once it is.
    pub(crate) fn look_whether_lost(&self, waker: &Waker) -> Option<LockError> {
        self.watch.as_ref()?.on_loss(waker);
        self.ensure().err()
    }

    /// Fails if the lock is [lost](LockGuard::is_lost): for code that blocks, to be called before
    /// something that only the holder may do.
    ///
    /// # Errors
    /// [`LockError::Lost`] if it is.
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
        match self.watch.as_ref().and_then(|watch| watch.lost_reason()) {
            None => Ok(()),
            Some(reason) => Err(self.lost_because(reason)),
        }
    }

    pub(super) fn lost_because(&self, reason: impl Into<String>) -> LockError {
        let (name, location) = (Box::new(self.name().clone()), self.gate.location().to_owned());
        LockError::Lost { name, location, reason: reason.into() }
    }
}
