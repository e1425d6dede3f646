//! The holder of a lock in another process, by the engine, which may take a while to answer.

use std::future;
use std::sync::{Arc, PoisonError};
use std::task::{Poll, Waker};
use std::time::Instant;

use super::parker::Parker;
use super::sync::{self, Mutex};
use super::timer::{Attendance, Timer};
use crate::engine::Engine;
use crate::foreign_waker;
use crate::holder::Holder;
use crate::name::LockName;

/// A query of the holder that is under way.
pub(super) struct HolderQuery {
    reply: Arc<Mutex<Reply>>,
    end: Instant,
}

enum Reply {
    /// None yet, and what to wake when there is one.
    Awaited(Option<Waker>),
    Holder(Option<Box<Holder>>),
}

impl HolderQuery {
    /// Asks `engine` for the holder of the lock `name`.
    pub(super) fn start(engine: &dyn Engine, name: &LockName) -> Self {
        let end = sync::now() + engine.holder_timeout();
        let reply = Arc::new(Mutex::new(Reply::Awaited(None)));
        let place = Arc::clone(&reply);
        let receive = move |holder| {
            let mut reply = place.lock().unwrap_or_else(PoisonError::into_inner);
            let before = std::mem::replace(&mut *reply, Reply::Holder(holder));
            drop(reply);
            if let Reply::Awaited(Some(waker)) = before {
                foreign_waker::call(waker);
            }
        };
        engine.find_holder(name, Box::new(receive));
        Self { reply, end }
    }

    /// Blocks the thread until there is a reply, or for as long as it is worth that.
    pub(super) fn block(self) -> Option<Box<Holder>> {
        let parker = Arc::new(Parker::default());
        let waker = Waker::from(Arc::clone(&parker));
        loop {
            if let Poll::Ready(holder) = self.look(&waker) {
                return holder;
            }
            parker.park(Some(self.end));
        }
    }

    /// Lets other tasks run until there is a reply, or for as long as it is worth that.
    pub(super) async fn ready(self) -> Option<Box<Holder>> {
        if let Poll::Ready(holder) = self.look(Waker::noop()) {
            return holder;
        }
        // Without the thread that watches deadlines, no reply is waited for.
        let _attendance = Attendance::start().ok()?;
        let mut timer = None;
        future::poll_fn(|context| {
            Timer::arm(&mut timer, self.end, context.waker());
            self.look(context.waker())
        })
        .await
    }

    fn look(&self, waker: &Waker) -> Poll<Option<Box<Holder>>> {
        let waker = waker.clone();
        let mut reply = self.reply.lock().unwrap_or_else(PoisonError::into_inner);
        let before = match &mut *reply {
            Reply::Holder(holder) => return Poll::Ready(holder.take()),
            Reply::Awaited(_) if self.end <= sync::now() => return Poll::Ready(None),
            Reply::Awaited(awaited) => awaited.replace(waker),
        };
        drop(reply);
        // Dropping a waker may run anything, so not under the mutex.
        drop(before);
        Poll::Pending
    }
}
