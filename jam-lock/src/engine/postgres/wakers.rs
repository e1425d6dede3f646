//! The wakers of tasks that wait for the loss of a lock: foreign code, which may panic, block, or poll
//! the task where it is called.

use std::mem;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::Waker;
use std::thread;

use crate::foreign_waker;

/// Calls them on a thread of their own: whoever closes a session may have a gate's mutex, or be the
/// thread that all connections need.
pub(super) fn wake(wakers: Vec<Waker>) {
    if wakers.is_empty() {
        return;
    }
    let wakers = Arc::new(Mutex::new(wakers));
    let to_wake = Arc::clone(&wakers);
    let thread = thread::Builder::new().name("jam-lock lost".to_owned());
    if thread.spawn(move || call(&to_wake)).is_err() {
        call(&wakers);
    }
}

/// Drops them, whose tasks may end with that.
pub(super) fn discard(wakers: Vec<Waker>) {
    wakers.into_iter().for_each(foreign_waker::discard);
}

fn call(wakers: &Mutex<Vec<Waker>>) {
    let wakers = mem::take(&mut *wakers.lock().unwrap_or_else(PoisonError::into_inner));
    wakers.into_iter().for_each(foreign_waker::call);
}
