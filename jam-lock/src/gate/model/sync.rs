//! The checker's mutex and condition variable, and a clock of its own.

use std::ops::{Deref, DerefMut};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{LazyLock, LockResult, PoisonError, TryLockError, TryLockResult};
use std::time::{Duration, Instant};

use shuttle::rand::{Rng, thread_rng};
use shuttle::thread;

static START: LazyLock<Instant> = LazyLock::new(Instant::now);
static MICROSECONDS: AtomicU64 = AtomicU64::new(0);

/// The time, which advances by little, or past one of the gate's bounds.
pub(in crate::gate) fn now() -> Instant {
    let step = [0, 0, 1, 300, 6_000, 20_000][thread_rng().gen_range(0..6)];
    let passed = MICROSECONDS.fetch_add(step, Ordering::Relaxed) + step;
    *START + Duration::from_micros(passed)
}

/// The same time on the wall clock.
pub(in crate::gate) fn since_1970() -> Duration {
    now().duration_since(*START)
}

/// A thread that spins is only later, as any thread may be.
pub(in crate::gate) fn spin(_: Duration, _: impl Fn() -> bool) {}

/// A mutex whose guard refers to it, so that a wait can lock it again.
#[derive(Default)]
pub(in crate::gate) struct Mutex<T>(shuttle::sync::Mutex<T>);

pub(in crate::gate) struct MutexGuard<'a, T> {
    mutex: &'a Mutex<T>,
    guard: shuttle::sync::MutexGuard<'a, T>,
}

impl<T> Mutex<T> {
    pub(in crate::gate) fn new(value: T) -> Self {
        Self(shuttle::sync::Mutex::new(value))
    }

    pub(in crate::gate) fn try_lock(&self) -> TryLockResult<MutexGuard<'_, T>> {
        match self.0.try_lock() {
            Ok(guard) => Ok(MutexGuard { mutex: self, guard }),
            Err(_) => Err(TryLockError::WouldBlock),
        }
    }

    pub(in crate::gate) fn lock(&self) -> LockResult<MutexGuard<'_, T>> {
        let guard = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        Ok(MutexGuard { mutex: self, guard })
    }
}

impl<T> Deref for MutexGuard<'_, T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.guard
    }
}

impl<T> DerefMut for MutexGuard<'_, T> {
    fn deref_mut(&mut self) -> &mut T {
        &mut self.guard
    }
}

/// A condition variable whose waits with a timeout end at any time.
#[derive(Default)]
pub(in crate::gate) struct Condvar(shuttle::sync::Condvar);

impl Condvar {
    pub(in crate::gate) fn wait<'a, T>(
        &self,
        guard: MutexGuard<'a, T>,
    ) -> LockResult<MutexGuard<'a, T>> {
        let MutexGuard { mutex, guard } = guard;
        let guard = self.0.wait(guard).unwrap_or_else(PoisonError::into_inner);
        Ok(MutexGuard { mutex, guard })
    }

    /// Wakes up spuriously, as every condition variable may.
    pub(in crate::gate) fn wait_timeout<'a, T>(
        &self,
        guard: MutexGuard<'a, T>,
        _: Duration,
    ) -> LockResult<(MutexGuard<'a, T>, ())> {
        let mutex = guard.mutex;
        drop(guard);
        thread::yield_now();
        Ok((mutex.lock().unwrap_or_else(PoisonError::into_inner), ()))
    }

    pub(in crate::gate) fn notify_one(&self) {
        self.0.notify_one();
    }
}
