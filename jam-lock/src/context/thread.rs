//! The locks of a thread, in a list that no other thread touches: every acquisition looks at it.

use std::cell::RefCell;
use std::collections::HashMap;
use std::sync::mpsc::{self, Receiver, Sender};
use std::sync::{LazyLock, Mutex, MutexGuard, PoisonError};

use super::list::List;
use super::{Held, Home};

thread_local! {
    static HERE: RefCell<Thread> = RefCell::new(Thread::new());
}

/// What a thread holds.
struct Thread {
    /// Tells it from all other threads of the process.
    number: u64,
    held: List,
    /// What is still in the list, and was released.
    left_elsewhere: Receiver<Left>,
}

/// A guard that was released on another thread than its own: its gate, and the acquisition's number.
type Left = (usize, u64);

/// The way to each living thread that has asked for locks. A guard knows but the number of its
/// thread: with a way of its own, it would cost every acquisition a count of who has one.
static THREADS: LazyLock<Mutex<HashMap<u64, Sender<Left>>>> = LazyLock::new(Mutex::default);

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
        // A thread that has ended asks for nothing any more.
        if let Some(thread) = threads().get(&home) {
            let _ = thread.send((gate, number));
        }
    }
}

impl Thread {
    fn new() -> Self {
        let (number, (tell, left_elsewhere)) = (super::next_number(), mpsc::channel());
        threads().insert(number, tell);
        Self { number, held: List::default(), left_elsewhere }
    }

    fn forget_what_left_elsewhere(&mut self) {
        for (gate, number) in self.left_elsewhere.try_iter() {
            self.held.leave(gate, number);
        }
    }
}

impl Drop for Thread {
    fn drop(&mut self) {
        threads().remove(&self.number);
    }
}

/// Nothing that can panic half-way runs under the mutex.
fn threads() -> MutexGuard<'static, HashMap<u64, Sender<Left>>> {
    THREADS.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(all(test, not(shuttle)))]
mod tests {
    use std::thread;

    use super::*;
    use crate::{LockName, Locks};

    #[test]
    fn a_guard_that_outlives_its_thread_leaves_nothing_behind() {
        let lock = Locks::in_memory().lock(LockName::new("x").unwrap());
        let acquiring = thread::spawn(move || (lock.acquire().unwrap(), number().unwrap()));
        let (guard, thread) = acquiring.join().unwrap();
        drop(guard);
        assert!(!threads().contains_key(&thread));
    }
}
