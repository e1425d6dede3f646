//! The wakers of tasks that wait for the loss of a lock: foreign code, which may panic, block, or
//! poll the task on the calling thread.

use std::mem;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::Waker;
use std::thread;

use crate::foreign_waker;

/// Wakes them on a separate thread, because a session may be closed under a gate's mutex, or on the
/// driver thread.
pub(super) fn wake(wakers: Vec<Waker>) {
    if wakers.is_empty() {
        return;
    }
    let wakers = Arc::new(Mutex::new(wakers));
    let to_wake = Arc::clone(&wakers);
    let thread = thread::Builder::new().name("jam-lock lost".to_owned());
    if thread.spawn(move || wake_here(&to_wake)).is_err() {
        wake_here(&wakers);
    }
}

/// Drops the wakers, which may end their tasks.
pub(super) fn discard(wakers: Vec<Waker>) {
    wakers.into_iter().for_each(foreign_waker::discard);
}

fn wake_here(wakers: &Mutex<Vec<Waker>>) {
    let wakers = mem::take(&mut *wakers.lock().unwrap_or_else(PoisonError::into_inner));
    wakers.into_iter().for_each(foreign_waker::call);
}
