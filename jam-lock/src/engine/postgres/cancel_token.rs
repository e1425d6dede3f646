//! [`CancelToken`]: ends an acquisition from outside, and shows how far it is.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};

use tokio::sync::Notify;

/// Cancels an acquisition that is no longer needed, and shows its progress.
#[derive(Default)]
pub(super) struct CancelToken {
    is_cancelled: AtomicBool,
    notify: Notify,
    progress: Mutex<Progress>,
}

/// How far an acquisition is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Progress {
    /// All connections of this process are in use.
    Unconnected,
    /// A connection is being opened, or the server has not responded to a query.
    #[default]
    Unanswered,
    /// The server has responded that the lock is held.
    Contended,
}

impl CancelToken {
    pub(super) fn cancel(&self) {
        self.is_cancelled.store(true, Ordering::Release);
        self.notify.notify_one();
    }

    pub(super) fn is_cancelled(&self) -> bool {
        self.is_cancelled.load(Ordering::Acquire)
    }

    /// Waits until the acquisition is cancelled.
    pub(super) async fn cancelled(&self) {
        while !self.is_cancelled() {
            self.notify.notified().await;
        }
    }

    pub(super) fn progress(&self) -> Progress {
        *self.progress.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn set_progress(&self, progress: Progress) {
        *self.progress.lock().unwrap_or_else(PoisonError::into_inner) = progress;
    }
}
