//! The locks of a thread, in a list that no other thread touches: every acquisition looks at it.

use std::cell::RefCell;
use std::collections::HashMap;
use std::process;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{LazyLock, Mutex, MutexGuard, PoisonError};

use super::{Held, Home};

thread_local! {
    static LIST: RefCell<List> = RefCell::new(List::new());
}

/// What a thread holds.
struct List {
    /// Tells it from all other threads of the process.
    thread: u64,
    /// A fork inherits the list, and none of the locks.
    process: u32,
    held: Vec<Held>,
}

/// Which acquisitions, by gate and number, were released on other threads than their own.
type Elsewhere = HashMap<u64, Vec<(usize, u64)>>;

static ELSEWHERE: LazyLock<Mutex<Elsewhere>> = LazyLock::new(Mutex::default);
/// For how many threads there are any: mostly none, which can be seen without the mutex.
static CONCERNED: AtomicUsize = AtomicUsize::new(0);

/// The last lock of this thread for which `look` finds something.
pub(super) fn find<T>(mut look: impl FnMut(&Held) -> Option<T>) -> Option<(Home, T)> {
    // A thread that ends has no list any more, and nothing further to run.
    let found = LIST.try_with(|list| {
        let mut list = list.borrow_mut();
        if list.held.is_empty() {
            return None;
        }
        if list.process != process::id() {
            *list = List::new();
            return None;
        }
        list.forget_what_left_elsewhere();
        let found = list.held.iter().rev().find_map(&mut look)?;
        Some((Home::Thread(list.thread), found))
    });
    found.ok().flatten()
}

/// The number of this thread.
pub(super) fn number() -> Option<u64> {
    LIST.try_with(|list| list.borrow().thread).ok()
}

/// Adds to the list, and tells the number of the thread.
pub(super) fn enter(held: impl FnOnce() -> Held) -> Option<u64> {
    let entered = LIST.try_with(|list| {
        let mut list = list.borrow_mut();
        list.held.push(held());
        list.thread
    });
    entered.ok()
}

/// Takes what was acquired on `thread` off its list.
pub(super) fn leave(thread: u64, gate: usize, number: u64) {
    let is_here = LIST.try_with(|list| {
        let mut list = list.borrow_mut();
        let is_here = list.thread == thread;
        if is_here {
            list.remove(gate, number);
        }
        is_here
    });
    if !is_here.unwrap_or(false) {
        let mut elsewhere = elsewhere();
        elsewhere.entry(thread).or_default().push((gate, number));
        CONCERNED.store(elsewhere.len(), Ordering::Release);
    }
}

impl List {
    fn new() -> Self {
        let thread = super::next_number();
        Self { thread, process: process::id(), held: Vec::new() }
    }

    fn remove(&mut self, gate: usize, number: u64) {
        let is_it = |held: &Held| (held.gate, held.number) == (gate, number);
        if let Some(at) = self.held.iter().rposition(is_it) {
            self.held.remove(at);
        }
    }

    fn forget_what_left_elsewhere(&mut self) {
        if CONCERNED.load(Ordering::Acquire) == 0 {
            return;
        }
        let mut elsewhere = elsewhere();
        let left = elsewhere.remove(&self.thread).unwrap_or_default();
        CONCERNED.store(elsewhere.len(), Ordering::Release);
        drop(elsewhere);
        for (gate, number) in left {
            self.remove(gate, number);
        }
    }
}

impl Drop for List {
    fn drop(&mut self) {
        self.forget_what_left_elsewhere();
    }
}

/// Nothing that can panic half-way runs under the mutex.
fn elsewhere() -> MutexGuard<'static, Elsewhere> {
    ELSEWHERE.lock().unwrap_or_else(PoisonError::into_inner)
}
