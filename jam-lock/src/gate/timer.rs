//! Timers that wake waiting tasks at their deadlines, and the one thread that watches them.
//!
//! The thread runs nothing but its own loop: [other threads](super::wake_threads) call the wakers that
//! are due, so that neither a waker that blocks or panics nor a file system that hangs delays another
//! deadline.

mod schedule;

use std::io;
use std::ptr;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::task::Waker;
use std::time::{Duration, Instant};

use self::schedule::Schedule;
use super::wake_threads;
use crate::background_thread;
use crate::foreign_waker::discard;
use crate::per_process::PerProcess;

/// How long the thread goes on after the last task has stopped waiting.
const LINGER: Duration = Duration::from_secs(1);

/// Calls a waker at a given time, unless it is dropped before.
pub(super) struct Timer {
    thread: &'static TimerThread,
    slot: usize,
}

impl Timer {
    /// Calls `waker` at `end`, while a [`TimerThreadGuard`] keeps the thread running.
    pub(super) fn new(end: Instant, waker: &Waker) -> Self {
        let (thread, waker) = (TIMER_THREAD.get(), waker.clone());
        let slot = thread.add(thread.lock(), end, waker);
        Self { thread, slot }
    }
}

impl Drop for Timer {
    fn drop(&mut self) {
        if !self.thread.is_inherited() {
            let waker = self.thread.lock().schedule.remove(self.slot);
            waker.into_iter().for_each(discard);
        }
    }
}

/// Keeps the threads that watch deadlines and call wakers running, for a task that may have a deadline itself.
pub(super) struct TimerThreadGuard {
    thread: &'static TimerThread,
    /// Where the waker is that is called at the deadline, if there is one.
    slot: Option<usize>,
}

impl TimerThreadGuard {
    /// Starts the threads that are missing, and calls `waker` at `end`, unless this is dropped before.
    pub(super) fn start(end: Option<Instant>, waker: &Waker) -> io::Result<Self> {
        let thread = TIMER_THREAD.get();
        let timer = end.map(|end| (end, waker.clone()));
        let mut timers = thread.lock();
        if !timers.is_running {
            wake_threads::start()?;
            if let Err(error) = background_thread::start("jam-lock timer", || thread.run()) {
                wake_threads::stop();
                return Err(error);
            }
            timers.is_running = true;
        }
        timers.guards += 1;
        let slot = timer.map(|(end, waker)| thread.add(timers, end, waker));
        Ok(Self { thread, slot })
    }

    /// Calls `waker` instead of the earlier one. After the deadline this has no effect, so the caller checks
    /// the time.
    pub(super) fn set_waker(&self, waker: &Waker) {
        let Some(slot) = self.slot else { return };
        if self.thread.is_inherited() || self.thread.lock().schedule.calls(slot, waker) {
            return;
        }
        // Cloning and dropping a waker may run any code, so neither happens under the mutex.
        let waker = waker.clone();
        let unneeded = self.thread.lock().schedule.replace(slot, waker);
        discard(unneeded);
    }
}

impl Drop for TimerThreadGuard {
    fn drop(&mut self) {
        if self.thread.is_inherited() {
            return;
        }
        let mut timers = self.thread.lock();
        timers.guards -= 1;
        let waker = self.slot.and_then(|slot| timers.schedule.remove(slot));
        let has_nothing_to_do = timers.guards == 0 && timers.is_asleep;
        drop(timers);
        if has_nothing_to_do {
            self.thread.changed.notify_one();
        }
        waker.into_iter().for_each(discard);
    }
}

static TIMER_THREAD: PerProcess<TimerThread> = PerProcess::new();

#[derive(Default)]
struct TimerThread {
    timers: Mutex<Timers>,
    changed: Condvar,
}

/// The timers that have not fired, and how many guards there are.
#[derive(Default)]
struct Timers {
    is_running: bool,
    /// Whether the thread sleeps until it is notified, and not until a time.
    is_asleep: bool,
    guards: usize,
    schedule: Schedule,
}

impl Timers {
    /// Takes out the timers that are due by `now`.
    fn due(&mut self, now: Instant) -> Vec<Waker> {
        std::iter::from_fn(|| self.schedule.pop_due(now)).collect()
    }

    /// How long it is until the next timer fires.
    fn next_in(&self, now: Instant) -> Option<Duration> {
        Some(self.schedule.next()?.saturating_duration_since(now))
    }
}

impl TimerThread {
    fn lock(&self) -> MutexGuard<'_, Timers> {
        self.timers.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether this is a fork, where the parent's timers may have been copied while they were locked.
    fn is_inherited(&'static self) -> bool {
        !ptr::eq(self, TIMER_THREAD.get())
    }

    /// Calls `waker` at `end`, unless its slot, which is returned, is removed before.
    fn add(&self, mut timers: MutexGuard<'_, Timers>, end: Instant, waker: Waker) -> usize {
        let slot = timers.schedule.add(end, waker);
        let is_first = timers.schedule.is_first(slot);
        drop(timers);
        if is_first {
            self.changed.notify_one();
        }
        slot
    }

    fn run(&self) {
        let mut timers = self.lock();
        loop {
            let due = timers.due(Instant::now());
            if !due.is_empty() {
                drop(timers);
                wake_threads::wake(due);
                timers = self.lock();
                continue;
            }
            let next = timers.next_in(Instant::now());
            let next = [next, wake_threads::check()].into_iter().flatten().min();
            if next.is_none() && timers.guards > 0 {
                timers.is_asleep = true;
                timers = self.changed.wait(timers).unwrap_or_else(PoisonError::into_inner);
                timers.is_asleep = false;
                continue;
            }
            let slept = self.changed.wait_timeout(timers, next.unwrap_or(LINGER));
            let (woken, timeout) = slept.unwrap_or_else(PoisonError::into_inner);
            timers = woken;
            if timeout.timed_out() && timers.guards == 0 && timers.schedule.next().is_none() {
                timers.is_running = false;
                wake_threads::stop();
                return;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, mpsc};
    use std::task::Wake;
    use std::thread;

    use super::*;

    /// Longer than any step of a test takes.
    const LONG: Duration = Duration::from_secs(60);

    struct Call<F>(F);

    impl<F: Fn() + Send + Sync> Wake for Call<F> {
        fn wake(self: Arc<Self>) {
            (self.0)();
        }
    }

    fn waker(call: impl Fn() + Send + Sync + 'static) -> Waker {
        Waker::from(Arc::new(Call(call)))
    }

    #[test]
    fn wakers_that_block_or_panic_delay_no_other() {
        let _guard = TimerThreadGuard::start(None, Waker::noop()).unwrap();
        let (unblock, blocked) = mpsc::channel::<()>();
        let blocked = Mutex::new(blocked);
        let (sender, woken) = mpsc::channel();
        let after = |milliseconds| Instant::now() + Duration::from_millis(milliseconds);
        let panics = waker(|| panic!("this waker is broken, as it should be here"));
        let blocks = waker(move || {
            let _ = blocked.lock().unwrap().recv();
        });
        let wakes =
            waker(move || sender.send(thread::current().name().unwrap().to_owned()).unwrap());
        let _broken = [Timer::new(after(0), &panics), Timer::new(after(0), &blocks)];
        let _timers = [1, 2, 3].map(|number| Timer::new(after(number), &wakes));
        for _ in 0..3 {
            let thread =
                woken.recv_timeout(LONG).expect("it is woken although another waker blocks");
            assert_eq!(thread, "jam-lock wake", "no waker runs on the timer thread");
        }
        drop(unblock);
    }

    #[test]
    fn only_the_last_waker_is_called() {
        let (sender, woken) = mpsc::channel();
        let end = Instant::now() + Duration::from_millis(20);
        let replaced = waker(|| unreachable!("it was replaced"));
        let timer = TimerThreadGuard::start(Some(end), &replaced).unwrap();
        timer.set_waker(&waker(move || sender.send(()).unwrap()));
        woken.recv_timeout(LONG).unwrap();
    }

    /// Panics when it is dropped, as may a task that is dropped with its last waker.
    struct Broken;

    impl Drop for Broken {
        fn drop(&mut self) {
            panic!("this destructor is broken, as it should be here");
        }
    }

    #[test]
    fn wakers_that_panic_when_they_are_dropped_end_no_thread() {
        let _guard = TimerThreadGuard::start(None, Waker::noop()).unwrap();
        let (sender, woken) = mpsc::channel();
        // More often than there may be threads to call wakers.
        for _ in 0..70 {
            let sender = sender.clone();
            let wakes = waker(move || {
                // As if the waker polled its task, which then drops its timer.
                let (broken, later) = (Broken, Instant::now() + LONG);
                let timer = Timer::new(later, &waker(move || _ = &broken));
                drop(timer);
                sender.send(()).unwrap();
            });
            let _timer = Timer::new(Instant::now(), &wakes);
            woken.recv_timeout(LONG).expect("it is woken although other wakers were broken");
        }
    }
}
