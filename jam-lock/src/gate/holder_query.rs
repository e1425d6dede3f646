//! A query of the engine for the holder in another process, which may take a while to answer.

use std::io;
use std::sync::{Arc, PoisonError};
use std::task::{Poll, Waker};
use std::time::Instant;

use super::sync::{self, Mutex};
use super::wait_driver::TimedPoll;
use crate::engine::Engine;
use crate::foreign_waker;
use crate::holder::Holder;
use crate::name::LockName;

/// A query in progress; it gives up after [`Engine::holder_timeout`].
pub(super) struct HolderQuery {
    reply: Arc<Mutex<Reply>>,
    end: Instant,
}

enum Reply {
    /// Not received yet; has the waker to call then.
    Awaited(Option<Waker>),
    Holder(Option<Box<Holder>>),
}

impl HolderQuery {
    /// Asks `engine` for the holder of the lock `name`.
    pub(super) fn start(engine: &dyn Engine, name: &LockName) -> Self {
        let end = sync::now() + engine.holder_timeout();
        let reply = Arc::new(Mutex::new(Reply::Awaited(None)));
        let slot = Arc::clone(&reply);
        let receive = move |holder| {
            let mut reply = slot.lock().unwrap_or_else(PoisonError::into_inner);
            let before = std::mem::replace(&mut *reply, Reply::Holder(holder));
            drop(reply);
            if let Reply::Awaited(Some(waker)) = before {
                foreign_waker::call(waker);
            }
        };
        engine.find_holder(name, Box::new(receive));
        Self { reply, end }
    }
}

impl TimedPoll for HolderQuery {
    type Output = Option<Box<Holder>>;

    fn poll(&mut self, waker: &Waker) -> Poll<Self::Output> {
        let waker = waker.clone();
        let mut reply = self.reply.lock().unwrap_or_else(PoisonError::into_inner);
        let before = match &mut *reply {
            Reply::Holder(holder) => return Poll::Ready(holder.take()),
            Reply::Awaited(_) if self.end <= sync::now() => return Poll::Ready(None),
            Reply::Awaited(awaited) => awaited.replace(waker),
        };
        drop(reply);
        // Dropping a waker may run any code, so not under the mutex.
        drop(before);
        Poll::Pending
    }

    fn next_poll(&self) -> Option<Instant> {
        Some(self.end)
    }

    /// A query without a timer has no reply.
    fn without_timer(&self, _: io::Error) -> Self::Output {
        None
    }
}
