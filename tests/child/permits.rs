//! A process of a storm of permits: threads and tasks acquire one of three permits at random, and check that
//! no one else has it.

use std::fs::File;
use std::io;
use std::path::Path;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};
use std::thread::{self, Thread};
use std::time::Duration;

use fastrand::Rng;
use jam_lock::{Lock, LockError, LockGuard, LockName, Locks};
use jam_lock_tests::LONG;
use rustix::fs::{FlockOperation, flock};
use rustix::io::fcntl_dupfd_cloexec;

use crate::Result;

const PERMITS: u32 = 3;

/// A descriptor that is greater than those of the locks.
const HIGH: i32 = 500;

/// How many owners a process has; half of them are tasks.
const OWNERS: u64 = 4;

pub(crate) fn storm(locks: &Path, data: &Path, seed: u64, times: usize) -> Result {
    let oracles: Vec<_> = (0..OWNERS).map(|_| Oracle::open(data)).collect::<Result<_>>()?;
    let lock = Locks::at(locks)?.lock(LockName::new("export")?.with_permits(PERMITS)?);
    thread::scope(|scope| {
        let owners = oracles.into_iter().zip(0..).map(|(oracle, number)| {
            let (lock, rng) = (&lock, Rng::with_seed(seed * OWNERS + number));
            scope.spawn(move || Owner { lock, oracle, rng, is_task: number % 2 == 1 }.work(times))
        });
        let owners: Vec<_> = owners.collect();
        owners.into_iter().try_for_each(|owner| owner.join().expect("it does not panic"))
    })?;
    println!("done");
    Ok(())
}

/// A file for each permit, locked by its holder.
struct Oracle(Vec<File>);

impl Oracle {
    fn open(data: &Path) -> Result<Self> {
        let open = |permit| {
            let path = data.join(format!("permit {permit}"));
            let file = File::options().append(true).create(true).open(path)?;
            // Behind those of the locks: Linux releases the files of a killed process from the last to the
            // first, and its own lock has to end before that of the permit.
            fcntl_dupfd_cloexec(file, HIGH).map(File::from).map_err(io::Error::from)
        };
        Ok(Self((1..=PERMITS).map(open).collect::<Result<_, _>>()?))
    }

    /// Does something inside, and fails if another owner has the permit as well.
    fn enter(&self, permit: u32, rng: &mut Rng) -> Result {
        let file = &self.0[permit as usize - 1];
        flock(file, FlockOperation::NonBlockingLockExclusive)
            .map_err(|error| format!("two have permit {permit}: {error}"))?;
        thread::sleep(Duration::from_micros(rng.u64(0..300)));
        Ok(flock(file, FlockOperation::Unlock)?)
    }
}

struct Owner<'a> {
    lock: &'a Lock,
    oracle: Oracle,
    rng: Rng,
    is_task: bool,
}

impl Owner<'_> {
    fn work(mut self, times: usize) -> Result {
        let mut acquired = 0;
        while acquired < times {
            match self.acquire() {
                Some(Ok(guard)) => {
                    self.oracle.enter(guard.permit(), &mut self.rng)?;
                    guard.release()?;
                    acquired += 1;
                }
                Some(Err(error)) if error.is_timeout() => {}
                Some(Err(error)) => return Err(error.into()),
                None => {}
            }
        }
        Ok(())
    }

    /// Waits for a permit, for a while or for long, or does not wait; `None` if the wait was given up.
    fn acquire(&mut self) -> Option<Result<LockGuard, LockError>> {
        let timeout = match self.rng.u8(0..5) {
            0 => Duration::ZERO,
            1 => Duration::from_micros(self.rng.u64(1..3_000)),
            _ => LONG,
        };
        let lock = self.lock.timeout(timeout);
        if !self.is_task {
            return Some(lock.acquire());
        }
        let waker = Waker::from(Arc::new(Unpark(thread::current())));
        let mut acquisition = pin!(lock.acquire_async());
        loop {
            if let Poll::Ready(result) = acquisition.as_mut().poll(&mut Context::from_waker(&waker))
            {
                return Some(result);
            }
            if self.rng.u8(0..8) == 0 {
                return None;
            }
            thread::park();
        }
    }
}

struct Unpark(Thread);

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}
