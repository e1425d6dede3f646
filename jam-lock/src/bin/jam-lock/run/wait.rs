//! The wait for a lock, which a person may watch and end.

use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};
use std::thread::{self, Thread};

use jam_lock::{LockGuard, Locks, Timeout};

use super::command::Prepared;
#[cfg(unix)]
use super::interruption::Interruption;
use super::line::Line;
use super::{Unstarted, ancestors};
use crate::arguments::Request;

/// How much of a command others are told, in bytes: a record has room for it.
const SHOWN: usize = 60;

/// Acquires the lock that is asked for. A signal ends the wait, and leaves nothing behind.
pub(super) fn acquire(
    locks: &Locks,
    request: &Request,
    command: &mut Prepared,
) -> Result<LockGuard, Unstarted> {
    let lock = locks.lock(request.name.clone()).label(shown(request)).timeout(request.timeout());
    let lock = if request.shared { lock.shared() } else { lock };
    let mut asked = pin!(lock.acquire_async());
    let waker = Waker::from(Arc::new(Unpark(thread::current())));
    let mut context = Context::from_waker(&waker);
    if let Poll::Ready(result) = asked.as_mut().poll(&mut context) {
        return Ok(result?);
    }
    // A wait with an end tells then of the holder; what was left running may well be served by then.
    let is_endless = request.timeout() == Timeout::FOREVER;
    let above = is_endless.then(|| ancestors::holder_above(&lock)).flatten();
    if let Some(holder) = above {
        return Err(Unstarted::Inside(Box::new(holder)));
    }
    #[cfg(unix)]
    let interruption = Interruption::of_this_thread()?;
    // Nobody was woken for what came before that.
    command.check_signals()?;
    let _line = Line::about(lock);
    loop {
        if let Poll::Ready(result) = asked.as_mut().poll(&mut context) {
            return Ok(result?);
        }
        #[cfg(unix)]
        if let Some(signal) = interruption.signal() {
            return Err(Unstarted::Signal(signal));
        }
        thread::park();
    }
}

/// What other processes are told has the lock: the beginning of the command's line.
fn shown(request: &Request) -> &'static str {
    let words: Vec<_> = request.command.iter().map(|word| word.to_string_lossy()).collect();
    let line = words.join(" ").replace(char::is_control, " ");
    let mut kept = line.clone();
    while kept.len() > SHOWN {
        kept.pop();
    }
    if kept.len() < line.len() {
        kept.push('…');
    }
    // There is one in the life of the process.
    kept.leak()
}

/// Has a thread look again.
struct Unpark(Thread);

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}
