//! The one thread of this process that watches the deadlines of tasks, which have no thread to
//! sleep on.

use std::collections::BTreeMap;
use std::io;
use std::process;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::task::Waker;
use std::thread;
use std::time::{Duration, Instant};

use super::bell;
use crate::of_process::OfProcess;

/// How long the thread lingers when nobody needs it any more.
const LINGER: Duration = Duration::from_secs(1);

/// A waker that is woken at a time, unless this is dropped before.
pub(super) struct Alarm {
    key: Key,
}

/// When an alarm goes off, and a number that tells it from others of the same time.
type Key = (Instant, u64);

impl Alarm {
    /// Has `waker` woken at `end`; an [`Attendance`] is what keeps the thread there.
    pub(super) fn set(end: Instant, waker: Waker) -> Self {
        let mut locked = lock();
        let clock = locked.get();
        clock.alarms_set += 1;
        let key = (end, clock.alarms_set);
        clock.alarms.insert(key, waker);
        let is_first = clock.alarms.first_key_value().is_some_and(|(first, _)| *first == key);
        drop(locked);
        if is_first {
            CHANGED.notify_one();
        }
        Self { key }
    }
}

impl Drop for Alarm {
    fn drop(&mut self) {
        let waker = lock().get().alarms.remove(&self.key);
        // Dropping a waker may run anything, so not under the mutex.
        drop(waker);
    }
}

/// Keeps the thread there that wakes.
pub(super) struct Attendance {
    process: u32,
}

impl Attendance {
    /// Starts the thread where it is not there.
    pub(super) fn start() -> io::Result<Self> {
        let mut locked = lock();
        let clock = locked.get();
        if !clock.is_running {
            thread::Builder::new().name("jam-lock deadlines".to_owned()).spawn(run)?;
            clock.is_running = true;
        }
        clock.attended += 1;
        Ok(Self { process: process::id() })
    }
}

impl Drop for Attendance {
    fn drop(&mut self) {
        if self.process == process::id() {
            lock().get().attended -= 1;
        }
    }
}

/// The alarms that are set, and who needs the thread.
#[derive(Default)]
struct Clock {
    is_running: bool,
    attended: usize,
    alarms: BTreeMap<Key, Waker>,
    alarms_set: u64,
}

impl Clock {
    /// Takes out an alarm that is to go off by now.
    fn due(&mut self) -> Option<Waker> {
        let first = self.alarms.first_entry()?;
        (first.key().0 <= Instant::now()).then(|| first.remove())
    }

    /// How long it is until the next alarm.
    fn left(&self) -> Option<Duration> {
        let ((end, _), _) = self.alarms.first_key_value()?;
        Some(end.saturating_duration_since(Instant::now()))
    }
}

static CLOCK: Mutex<OfProcess<Clock>> = Mutex::new(OfProcess::new(Clock::default));
static CHANGED: Condvar = Condvar::new();

fn lock() -> MutexGuard<'static, OfProcess<Clock>> {
    CLOCK.lock().unwrap_or_else(PoisonError::into_inner)
}

/// What the thread does.
fn run() {
    let mut locked = lock();
    loop {
        while let Some(waker) = locked.get().due() {
            drop(locked);
            bell::ring(waker);
            locked = lock();
        }
        let left = locked.get().left();
        let slept = CHANGED.wait_timeout(locked, left.unwrap_or(LINGER));
        let (woken, timeout) = slept.unwrap_or_else(PoisonError::into_inner);
        locked = woken;
        let clock = locked.get();
        if timeout.timed_out() && clock.attended == 0 && clock.alarms.is_empty() {
            clock.is_running = false;
            return;
        }
    }
}
