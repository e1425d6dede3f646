//! The locks of a thread, in a list that no other thread touches: every acquisition looks at it.

use std::cell::RefCell;
use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{LazyLock, Mutex, MutexGuard, PoisonError};

use super::list::List;
use super::{Held, Home};

thread_local! {
    static HERE: RefCell<Thread> = RefCell::new(Thread::new());
}

struct Thread {
    /// Tells it from all other threads of the process.
    number: u64,
    held: List,
}

/// Which acquisitions, by gate and number, were released on other threads than their own.
type Elsewhere = HashMap<u64, Vec<(usize, u64)>>;

static ELSEWHERE: LazyLock<Mutex<Elsewhere>> = LazyLock::new(Mutex::default);
/// For how many threads there are any: mostly none, which can be seen without the mutex.
static CONCERNED: AtomicUsize = AtomicUsize::new(0);

/// The last lock of this thread for which `look` finds something.
pub(super) fn find<T>(look: impl FnMut(&mut Held) -> Option<T>) -> Option<(Home, T)> {
    // A thread that ends has no list any more, and nothing further to run.
    let found = HERE.try_with(|thread| {
        let mut thread = thread.borrow_mut();
        if thread.held.is_empty() {
            return None;
        }
        thread.forget_what_left_elsewhere();
        let found = thread.held.find(look)?;
        Some((Home::Thread(thread.number), found))
    });
    found.ok().flatten()
}

/// The number of this thread.
pub(super) fn number() -> Option<u64> {
    HERE.try_with(|thread| thread.borrow().number).ok()
}

/// Adds to the list, and tells the number of the thread.
pub(super) fn enter(held: impl FnOnce() -> Held) -> Option<u64> {
    let entered = HERE.try_with(|thread| {
        let mut thread = thread.borrow_mut();
        thread.held.enter(held());
        thread.number
    });
    entered.ok()
}

/// Takes one guard of what was acquired on the thread called `home` off its list.
pub(super) fn leave(home: u64, gate: usize, number: u64) {
    let is_here = HERE.try_with(|thread| {
        let mut thread = thread.borrow_mut();
        let is_here = thread.number == home;
        if is_here {
            thread.held.leave(gate, number);
        }
        is_here
    });
    if !is_here.unwrap_or(false) {
        let mut elsewhere = elsewhere();
        elsewhere.entry(home).or_default().push((gate, number));
        CONCERNED.store(elsewhere.len(), Ordering::Release);
    }
}

impl Thread {
    fn new() -> Self {
        Self { number: super::next_number(), held: List::default() }
    }

    fn forget_what_left_elsewhere(&mut self) {
        if CONCERNED.load(Ordering::Acquire) == 0 {
            return;
        }
        let mut elsewhere = elsewhere();
        let left = elsewhere.remove(&self.number).unwrap_or_default();
        CONCERNED.store(elsewhere.len(), Ordering::Release);
        drop(elsewhere);
        for (gate, number) in left {
            self.held.leave(gate, number);
        }
    }
}

impl Drop for Thread {
    fn drop(&mut self) {
        self.forget_what_left_elsewhere();
    }
}

/// Nothing that can panic half-way runs under the mutex.
fn elsewhere() -> MutexGuard<'static, Elsewhere> {
    ELSEWHERE.lock().unwrap_or_else(PoisonError::into_inner)
}
