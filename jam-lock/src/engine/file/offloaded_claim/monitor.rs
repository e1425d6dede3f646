//! [`OffloadedMonitor`]: looks for the loss of a lock whose file system may hang.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering::Relaxed;
use std::task::Waker;
use std::time::{Duration, Instant};

use super::reply;
use super::serial_queue::SerialQueue;
use crate::engine::LossMonitor;

/// How long to wait for an answer of the file system.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(1);

/// The monitor of a lock file, which is asked on another thread.
pub(super) struct OffloadedMonitor {
    queue: Arc<SerialQueue>,
    file: Arc<dyn LossMonitor>,
    /// Whether the file system has confirmed the release.
    is_released: AtomicBool,
}

impl OffloadedMonitor {
    pub(super) fn new(queue: Arc<SerialQueue>, file: Arc<dyn LossMonitor>) -> Self {
        Self { queue, file, is_released: AtomicBool::new(false) }
    }

    pub(super) fn set_released(&self) {
        self.is_released.store(true, Relaxed);
    }
}

impl LossMonitor for OffloadedMonitor {
    fn lost_reason(&self) -> Option<String> {
        self.file.lost_reason()
    }

    fn check(&self) -> Option<String> {
        if self.queue.is_silent() {
            return None;
        }
        let (file, (reply, reason)) = (Arc::clone(&self.file), reply::channel());
        let check = Box::new(move || reply.send(file.check()));
        self.queue.threads.run_at(Instant::now(), &self.queue.path, check).ok()?;
        // A file that cannot be looked at may be there.
        reason.wait(ANSWER_TIMEOUT).flatten()
    }

    fn on_loss(&self, waker: &Waker) {
        self.file.on_loss(waker);
    }

    fn flush(&self) {
        if self.is_released.load(Relaxed) {
            return;
        }
        let (reply, is_done) = reply::channel();
        self.queue.push_or_keep(Box::new(move |_| {
            reply.send(());
            None
        }));
        let time = if self.queue.is_silent() { Duration::ZERO } else { ANSWER_TIMEOUT };
        let _ = is_done.wait(time);
    }
}

impl fmt::Debug for OffloadedMonitor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OffloadedMonitor").field("file", &self.file).finish_non_exhaustive()
    }
}
