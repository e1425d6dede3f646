//! Timers that fire at their time, or any time later.

use std::io;
use std::sync::Arc;
use std::sync::PoisonError;
use std::task::Waker;
use std::time::Instant;

use shuttle::sync::Mutex;
use shuttle::thread;

use super::sync;

pub(in crate::gate) struct Timer {
    target: Arc<Mutex<Target>>,
}

/// Shared with the timer's thread.
struct Target {
    waker: Option<Waker>,
    is_dropped: bool,
}

impl Timer {
    pub(in crate::gate) fn new(end: Instant, waker: &Waker) -> Self {
        let target = Target { waker: Some(waker.clone()), is_dropped: false };
        let target = Arc::new(Mutex::new(target));
        let timer = Self { target: Arc::clone(&target) };
        thread::spawn(move || {
            while sync::now() < end {
                if target.lock().unwrap_or_else(PoisonError::into_inner).is_dropped {
                    return;
                }
                thread::yield_now();
            }
            let waker = target.lock().unwrap_or_else(PoisonError::into_inner).waker.take();
            waker.into_iter().for_each(Waker::wake);
        });
        timer
    }

    fn set_waker(&self, waker: &Waker) {
        let mut target = self.target.lock().unwrap_or_else(PoisonError::into_inner);
        target.waker = Some(waker.clone());
    }
}

impl Drop for Timer {
    fn drop(&mut self) {
        let mut target = self.target.lock().unwrap_or_else(PoisonError::into_inner);
        *target = Target { waker: None, is_dropped: true };
    }
}

pub(in crate::gate) struct TimerThreadGuard {
    timer: Option<Timer>,
}

impl TimerThreadGuard {
    #[expect(clippy::unnecessary_wraps, reason = "the real one may fail to start its thread")]
    pub(in crate::gate) fn start(end: Option<Instant>, waker: &Waker) -> io::Result<Self> {
        Ok(Self { timer: end.map(|end| Timer::new(end, waker)) })
    }

    pub(in crate::gate) fn set_waker(&self, waker: &Waker) {
        if let Some(timer) = &self.timer {
            timer.set_waker(waker);
        }
    }
}
