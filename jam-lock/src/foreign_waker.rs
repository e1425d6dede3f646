//! Calls and drops of wakers, which are code of an executor: a panic in one must not end a thread of this
//! library. The panic hook reports it.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::task::Waker;

/// Wakes a task or a thread.
pub(crate) fn call(waker: Waker) {
    let _ = catch_unwind(AssertUnwindSafe(|| waker.wake()));
}

/// Drops a waker, whose task may end with it and run anything.
pub(crate) fn discard(waker: Waker) {
    let _ = catch_unwind(AssertUnwindSafe(|| drop(waker)));
}
