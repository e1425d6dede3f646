//! How a pursuit is ended from outside, and what it waits for.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};

use tokio::sync::Notify;

/// Ends a pursuit that nobody waits for, and knows what it waits for itself.
#[derive(Default)]
pub(super) struct Recall {
    is_called: AtomicBool,
    called: Notify,
    stage: Mutex<Stage>,
}

/// How far a pursuit is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Stage {
    /// It has no place among the connections of this process.
    Unconnected,
    /// The server is being connected to, or was asked.
    #[default]
    Unanswered,
    /// The server has said that others have the lock.
    Elsewhere,
}

impl Recall {
    pub(super) fn call(&self) {
        self.is_called.store(true, Ordering::Release);
        self.called.notify_one();
    }

    pub(super) fn is_called(&self) -> bool {
        self.is_called.load(Ordering::Acquire)
    }

    /// What it waits for.
    pub(super) fn stage(&self) -> Stage {
        *self.stage.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn reach(&self, stage: Stage) {
        *self.stage.lock().unwrap_or_else(PoisonError::into_inner) = stage;
    }

    pub(super) async fn wait(&self) {
        while !self.is_called() {
            self.called.notified().await;
        }
    }
}
