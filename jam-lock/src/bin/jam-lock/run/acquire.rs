//! Acquires the lock, while a progress line is shown and signals can interrupt the wait.

use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};
use std::thread::{self, Thread};

use jam_lock::{LockGuard, Locks, Timeout};

use super::ancestors;
use super::command::PreparedCommand;
#[cfg(unix)]
use super::interrupt::Interrupt;
use super::progress::Progress;
use super::start_error::StartError;
use crate::arguments::RunArguments;

/// How much of the command line is recorded, in bytes; a record has room for it.
const MAX_LABEL: usize = 60;

/// Acquires the lock. A signal ends the wait, and leaves nothing behind.
pub(super) fn acquire(
    locks: &Locks,
    arguments: &RunArguments,
    command: &mut PreparedCommand,
) -> Result<LockGuard, StartError> {
    let lock = locks.lock(arguments.name());
    let lock = lock.label(label(arguments)).timeout(arguments.timeout());
    let lock = if arguments.shared { lock.shared() } else { lock };
    let lock = match arguments.at_most_every {
        Some(period) => lock.at_most_every(period),
        None => lock,
    };
    let mut acquisition = pin!(lock.acquire_async());
    let waker = Waker::from(Arc::new(Unpark(thread::current())));
    let mut context = Context::from_waker(&waker);
    if let Poll::Ready(result) = acquisition.as_mut().poll(&mut context) {
        return Ok(result?);
    }
    // With a timeout, the ancestor may release the lock in time, and the error names it otherwise.
    let is_endless = arguments.timeout() == Timeout::FOREVER;
    // Of several permits, another one may fall free.
    let is_only_holder = arguments.name().permits() == 1;
    let ancestor =
        (is_endless && is_only_holder).then(|| ancestors::holding_ancestor(&lock)).flatten();
    if let Some(holder) = ancestor {
        return Err(StartError::HeldByAncestor(Box::new((arguments.name(), holder))));
    }
    #[cfg(unix)]
    let interrupt = Interrupt::for_current_thread()?;
    // A signal that arrived before the interrupt was set up has unparked nobody.
    command.check_signals()?;
    let _progress = (!arguments.quiet).then(|| Progress::show(lock));
    loop {
        if let Poll::Ready(result) = acquisition.as_mut().poll(&mut context) {
            return Ok(result?);
        }
        #[cfg(unix)]
        if let Some(signal) = interrupt.signal() {
            return Err(StartError::Signal(signal));
        }
        thread::park();
    }
}

/// The label of the recorded holder: the beginning of the command line.
fn label(arguments: &RunArguments) -> &'static str {
    let words: Vec<_> = arguments.command.iter().map(|word| word.to_string_lossy()).collect();
    let line = words.join(" ").replace(char::is_control, " ");
    let mut label = line.clone();
    while label.len() > MAX_LABEL {
        label.pop();
    }
    if label.len() < line.len() {
        label.push('…');
    }
    // It is created once in the life of the process.
    label.leak()
}

/// Unparks a thread when woken.
struct Unpark(Thread);

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}
