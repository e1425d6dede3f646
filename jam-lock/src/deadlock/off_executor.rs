//! Runs a function that blocks on a thread of its own, while the caller, a task, lets others run.

use std::future;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Poll, Waker};

use crate::background_thread;
use crate::foreign_waker;

/// The result of a function, or the waker of the task that waits for it.
struct Reply<T> {
    result: Option<T>,
    waker: Option<Waker>,
    is_done: bool,
}

/// Runs `function`; returns `None` if no thread can be started, or if it panics.
pub(super) async fn run<T: Send + 'static>(
    function: impl FnOnce() -> T + Send + 'static,
) -> Option<T> {
    let reply = Arc::new(Mutex::new(Reply { result: None, waker: None, is_done: false }));
    let done = Done(Arc::clone(&reply));
    let started = background_thread::start("jam-lock holders", move || {
        let result = function();
        lock(&done.0).result = Some(result);
    });
    started.ok()?;
    future::poll_fn(|context| {
        let waker = context.waker().clone();
        let mut reply = lock(&reply);
        if reply.is_done {
            return Poll::Ready(reply.result.take());
        }
        let before = reply.waker.replace(waker);
        drop(reply);
        // Dropping a waker may run any code, so not under the mutex.
        drop(before);
        Poll::Pending
    })
    .await
}

/// Wakes the task when it is dropped, even by a panic.
struct Done<T>(Arc<Mutex<Reply<T>>>);

impl<T> Drop for Done<T> {
    fn drop(&mut self) {
        let mut reply = lock(&self.0);
        reply.is_done = true;
        let waker = reply.waker.take();
        drop(reply);
        if let Some(waker) = waker {
            foreign_waker::call(waker);
        }
    }
}

fn lock<T>(reply: &Mutex<Reply<T>>) -> std::sync::MutexGuard<'_, Reply<T>> {
    reply.lock().unwrap_or_else(PoisonError::into_inner)
}
