//! Cooperative scheduling: a task that acquires free locks in a loop yields now and then.
//!
//! An executor runs a task until it waits. A loop that acquires a free lock never does, and would keep
//! timers and other tasks of its thread from running. So it yields when a budget is spent, as the
//! primitives of runtimes do.

use std::cell::Cell;
use std::task::Context;

/// How many acquisitions that need no wait are allowed between two yields; as many as tokio allows.
const BUDGET: u32 = 128;

thread_local! {
    static SPENT: Cell<u32> = const { Cell::new(0) };
}

/// Notes an acquisition that needed no wait.
pub(super) fn spend_budget() {
    SPENT.set(SPENT.get() + 1);
}

/// Whether the budget of this thread is spent, so that the task has to let others run: it is woken at once.
pub(super) fn must_yield(context: &Context<'_>) -> bool {
    let is_spent = SPENT.get() >= BUDGET;
    if is_spent {
        SPENT.set(0);
        context.waker().wake_by_ref();
    }
    is_spent
}
