//! The locks of a thread, in a list that no other thread touches: every acquisition looks at it.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::sync::mpsc::{self, Receiver, Sender};
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::list::List;
use super::{Held, Key, next_number};
use crate::engine::ProcessId;
use crate::per_process::PerProcess;

thread_local! {
    /// Tells this thread from all others of the process; 0 until it is used. It has no destructor,
    /// and so is there for the destructors of all other values of the thread.
    static NUMBER: Cell<u64> = const { Cell::new(0) };
    static HERE: RefCell<Thread> = const { RefCell::new(Thread::NEW) };
}

/// What a thread holds.
struct Thread {
    /// The process that it is registered in: a fork inherits the thread, and not the registry.
    process: Option<ProcessId>,
    held: List,
    /// What is still in the list, and was released elsewhere.
    left_elsewhere: Option<Receiver<Key>>,
}

/// How to reach a thread from others.
enum Presence {
    /// It lives, and looks here for the guards that were released on other threads. A guard has only
    /// the number of its thread: a sender of its own would cost every acquisition a count.
    Alive(Sender<Key>),
    /// It ends, its list is gone, and this is what it still holds.
    Ending(List),
}

type Threads = HashMap<u64, Presence>;

/// The threads that hold locks, or have held some and live.
static THREADS: PerProcess<Mutex<Threads>> = PerProcess::new();

/// What `look` finds first among the locks of this thread, the last one first.
pub(super) fn find<T>(mut look: impl FnMut(&Held) -> Option<T>) -> Option<T> {
    let found = HERE.try_with(|thread| {
        let mut thread = thread.borrow_mut();
        if thread.held.is_empty() {
            return None;
        }
        thread.forget_what_left_elsewhere();
        thread.held.find(&mut look)
    });
    found.unwrap_or_else(|_| match threads().get_mut(&number()) {
        Some(Presence::Ending(held)) => held.find(look),
        Some(Presence::Alive(_)) | None => None,
    })
}

/// The number of this thread.
pub(super) fn number() -> u64 {
    NUMBER.with(|number| {
        if number.get() == 0 {
            number.set(next_number());
        }
        number.get()
    })
}

/// Adds to the list, and returns the number of the thread.
pub(super) fn enter(held: Held) -> u64 {
    let number = number();
    let mut held = Some(held);
    let entered = HERE.try_with(|thread| {
        let held = held.take().expect("it is called once");
        thread.borrow_mut().enter(number, held);
    });
    if entered.is_err() {
        let mut threads = threads();
        let presence = threads.entry(number).or_insert(Presence::Ending(List::EMPTY));
        if let (Presence::Ending(list), Some(held)) = (presence, held) {
            list.enter(held);
        }
    }
    number
}

/// Takes one guard of what was acquired on the thread called `home` off its list.
pub(super) fn leave(home: u64, key: Key) {
    let is_here = home == number();
    if is_here && HERE.try_with(|thread| thread.borrow_mut().held.leave(key)).is_ok() {
        return;
    }
    let mut threads = threads();
    match threads.get_mut(&home) {
        // It fails only in a fork, where the thread is not there.
        Some(Presence::Alive(thread)) => drop(thread.send(key)),
        Some(Presence::Ending(held)) => {
            held.leave(key);
            if held.is_empty() {
                threads.remove(&home);
            }
        }
        None => {}
    }
}

impl Thread {
    const NEW: Self = Self { process: None, held: List::EMPTY, left_elsewhere: None };

    fn enter(&mut self, number: u64, held: Held) {
        if self.process != Some(held.process) {
            let (leave, left_elsewhere) = mpsc::channel();
            self.process = Some(held.process);
            self.held = List::EMPTY;
            self.left_elsewhere = Some(left_elsewhere);
            threads().insert(number, Presence::Alive(leave));
        }
        self.held.enter(held);
    }

    fn forget_what_left_elsewhere(&mut self) {
        for key in self.left_elsewhere.iter().flat_map(Receiver::try_iter) {
            self.held.leave(key);
        }
    }
}

impl Drop for Thread {
    fn drop(&mut self) {
        if self.process.is_none() {
            return;
        }
        let mut threads = threads();
        self.forget_what_left_elsewhere();
        self.held.forget_other_processes();
        if self.held.is_empty() {
            threads.remove(&number());
        } else {
            let held = std::mem::take(&mut self.held);
            threads.insert(number(), Presence::Ending(held));
        }
    }
}

/// Nothing that can panic half-way runs under the mutex.
fn threads() -> MutexGuard<'static, Threads> {
    THREADS.get().lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(all(test, not(shuttle)))]
mod tests {
    use std::thread;

    use super::*;
    use crate::{LockName, Locks};

    #[test]
    fn a_guard_that_outlives_its_thread_leaves_nothing_behind() {
        let lock = Locks::in_memory().lock(LockName::new("x").unwrap());
        let acquiring = thread::spawn(move || (lock.acquire().unwrap(), number()));
        let (guard, thread) = acquiring.join().unwrap();
        assert!(matches!(threads()[&thread], Presence::Ending(_)));
        drop(guard);
        assert!(!threads().contains_key(&thread));
    }
}
