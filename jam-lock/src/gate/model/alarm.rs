//! Alarms that go off when the checker likes, once their time has come.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::Waker;
use std::time::Instant;

use shuttle::thread;

use super::seam;

pub(in crate::gate) struct Alarm {
    is_off: Arc<AtomicBool>,
}

impl Alarm {
    pub(in crate::gate) fn set(end: Instant, waker: Waker) -> Self {
        let is_off = Arc::new(AtomicBool::new(false));
        let alarm = Self { is_off: Arc::clone(&is_off) };
        thread::spawn(move || {
            while !is_off.load(Ordering::Relaxed) {
                if end <= seam::now() {
                    return waker.wake();
                }
                thread::yield_now();
            }
        });
        alarm
    }
}

impl Drop for Alarm {
    fn drop(&mut self) {
        self.is_off.store(true, Ordering::Relaxed);
    }
}

pub(in crate::gate) struct Attendance;

impl Attendance {
    #[expect(clippy::unnecessary_wraps, reason = "the real one may fail to start its thread")]
    pub(in crate::gate) fn start() -> io::Result<Self> {
        Ok(Self)
    }
}
