//! The threads that block in `flock(2)` so that nobody else has to.

use std::collections::VecDeque;
use std::io;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use crate::of_process::OfProcess;

/// How long a thread without work lingers: starting one costs more than a hand-over does.
const LINGER: Duration = Duration::from_secs(1);

type Work = Box<dyn FnOnce() + Send>;

/// Work that nobody has begun, and the threads that could.
#[derive(Default)]
struct Pool {
    idle: usize,
    work: VecDeque<Work>,
}

static POOL: Mutex<OfProcess<Pool>> = Mutex::new(OfProcess::new(Pool::default));
static ARRIVED: Condvar = Condvar::new();

/// Runs `work` on a thread that may block for as long as it takes.
pub(super) fn start(work: Work) -> io::Result<()> {
    let mut locked = lock();
    let pool = locked.get();
    if pool.idle > pool.work.len() {
        pool.work.push_back(work);
        drop(locked);
        ARRIVED.notify_one();
        return Ok(());
    }
    drop(locked);
    thread::Builder::new().name("jam-lock pursuit".to_owned()).spawn(move || {
        let mut next = Some(work);
        while let Some(work) = next {
            work();
            next = linger();
        }
    })?;
    Ok(())
}

/// The next piece of work, or `None` where none came for a while.
fn linger() -> Option<Work> {
    let mut pool = lock();
    pool.get().idle += 1;
    let (mut pool, _) = ARRIVED
        .wait_timeout_while(pool, LINGER, |pool| pool.get().work.is_empty())
        .unwrap_or_else(PoisonError::into_inner);
    let pool = pool.get();
    pool.idle -= 1;
    pool.work.pop_front()
}

fn lock() -> MutexGuard<'static, OfProcess<Pool>> {
    POOL.lock().unwrap_or_else(PoisonError::into_inner)
}
