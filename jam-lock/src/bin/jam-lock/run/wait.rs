//! The wait for a lock, which a person may watch and end.

use std::path::Path;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};
use std::thread::{self, Thread};

use jam_lock::{LockGuard, Locks, macro_support};

use super::Unstarted;
use super::command::Prepared;
#[cfg(unix)]
use super::interruption::Interruption;
use super::line::Line;
use crate::arguments::Request;

/// Acquires the lock that is asked for. A signal ends the wait, and leaves nothing behind.
pub(super) fn acquire(
    locks: &Locks,
    request: &Request,
    command: &mut Prepared,
) -> Result<LockGuard, Unstarted> {
    let asked = macro_support::one(request.name.clone(), function(request))
        .of(locks)
        .timeout(request.timeout());
    let asked = if request.shared { asked.shared() } else { asked };
    let mut asked = pin!(asked.acquire_async());
    let waker = Waker::from(Arc::new(Unpark(thread::current())));
    let mut context = Context::from_waker(&waker);
    if let Poll::Ready(result) = asked.as_mut().poll(&mut context) {
        return Ok(result?);
    }
    #[cfg(unix)]
    let interruption = Interruption::of_this_thread()?;
    // Nobody was woken for what came before that.
    command.check_signals()?;
    let _line = Line::about(locks.lock(request.name.clone()));
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

/// Who other processes are told has the lock: the command, by its file name.
fn function(request: &Request) -> &'static str {
    let command = Path::new(&request.command[0]);
    let name = command.file_name().unwrap_or(command.as_os_str());
    // There is one in the life of the process.
    name.to_string_lossy().into_owned().leak()
}

/// Has a thread look again.
struct Unpark(Thread);

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}
