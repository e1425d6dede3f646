//! Who holds a lock in another process, asked of the engine, which may take a while to answer.

use std::future;
use std::sync::{Arc, PoisonError};
use std::task::{Poll, Waker};
use std::time::{Duration, Instant};

use super::parker::Parker;
use super::seam::{self, Mutex};
use super::timer::{Attendance, Timer};
use super::wake_threads;
use crate::LockName;
use crate::engine::Engine;
use crate::holder::Holder;

/// For how long the name of a holder is worth waiting.
const PATIENCE: Duration = Duration::from_secs(1);

/// A question that was asked.
pub(super) struct Inquiry {
    answer: Arc<Mutex<Answer>>,
    end: Instant,
}

enum Answer {
    /// None yet, and whom to wake when there is one.
    Awaited(Option<Waker>),
    Told(Option<Box<Holder>>),
}

impl Inquiry {
    /// Asks `engine` who holds the lock `name`.
    pub(super) fn begin(engine: &dyn Engine, name: &LockName) -> Self {
        let answer = Arc::new(Mutex::new(Answer::Awaited(None)));
        let told = Arc::clone(&answer);
        let tell = move |holder| {
            let mut answer = told.lock().unwrap_or_else(PoisonError::into_inner);
            let before = std::mem::replace(&mut *answer, Answer::Told(holder));
            drop(answer);
            if let Answer::Awaited(Some(waker)) = before {
                wake_threads::call(waker);
            }
        };
        engine.find_holder(name, Box::new(tell));
        Self { answer, end: seam::now() + PATIENCE }
    }

    /// Blocks the thread until there is an answer, or for as long as it is worth that.
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

    /// Lets other tasks run until there is an answer, or for as long as it is worth that.
    pub(super) async fn ready(self) -> Option<Box<Holder>> {
        if let Poll::Ready(holder) = self.look(Waker::noop()) {
            return holder;
        }
        // Without the thread that watches deadlines, no answer is waited for.
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
        match &mut *self.answer.lock().unwrap_or_else(PoisonError::into_inner) {
            Answer::Told(holder) => Poll::Ready(holder.take()),
            Answer::Awaited(_) if self.end <= seam::now() => Poll::Ready(None),
            awaited @ Answer::Awaited(_) => {
                *awaited = Answer::Awaited(Some(waker));
                Poll::Pending
            }
        }
    }
}
