//! The locks that a thread holds, in a thread-local list, which every acquisition reads without a mutex.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::mem;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::held_locks::{HeldLock, HeldLocks, Key};
use super::next_owner_id;
use crate::engine::{OwnerId, ProcessId};
use crate::per_process::PerProcess;

thread_local! {
    /// The id of this thread; none until it is used. It has no destructor, so that the destructors of
    /// all other values of the thread can use it; but where the system has keys instead of thread-local
    /// variables, as with MinGW, they may find a new one.
    static ID: Cell<OwnerId> = const { Cell::new(OwnerId::NONE) };
    static THIS: RefCell<Thread> = const { RefCell::new(Thread::NEW) };
}

/// What a thread holds.
struct Thread {
    /// Under which it is registered.
    id: OwnerId,
    /// The process in which it is registered: a forked child inherits the thread, not the registry.
    process: Option<ProcessId>,
    held: HeldLocks,
    released_elsewhere: Option<Arc<ReleasedElsewhere>>,
}

/// How other threads remove the entries of a thread.
enum ThreadState {
    /// It removes them itself, once it has received them.
    ///
    /// A guard stores only the id of its thread: a reference in each would have to be counted at every
    /// acquisition.
    Running(Arc<ReleasedElsewhere>),
    /// Its thread-local list is gone; this is what it still holds.
    Exiting(HeldLocks),
}

/// The entries of a thread whose guards were released on other threads.
#[derive(Default)]
struct ReleasedElsewhere {
    /// Whether there are any: most threads never lock the mutex.
    is_any: AtomicBool,
    keys: Mutex<Vec<Key>>,
}

type Threads = HashMap<OwnerId, ThreadState>;

/// The threads that hold locks, and running ones that have held some.
static THREADS: PerProcess<Mutex<Threads>> = PerProcess::new();

/// The first result of `visit` among the locks of this thread, from the innermost outwards.
pub(super) fn find<T>(mut visit: impl FnMut(&HeldLock) -> Option<T>) -> Option<T> {
    let found = THIS.try_with(|thread| {
        let mut thread = thread.borrow_mut();
        if thread.held.is_empty() {
            return None;
        }
        thread.remove_released_elsewhere();
        thread.held.find(&mut visit)
    });
    found.unwrap_or_else(|_| match threads().get_mut(&id()) {
        Some(ThreadState::Exiting(held)) => held.find(visit),
        Some(ThreadState::Running(_)) | None => None,
    })
}

/// The id of this thread.
pub(super) fn id() -> OwnerId {
    ID.with(|id| {
        if id.get() == OwnerId::NONE {
            id.set(next_owner_id());
        }
        id.get()
    })
}

/// Adds a lock to the list of this thread, and returns the thread's id.
pub(super) fn push(held: HeldLock) -> OwnerId {
    let id = id();
    let mut held = Some(held);
    let pushed = THIS.try_with(|thread| {
        let held = held.take().expect("it is called once");
        thread.borrow_mut().push(id, held);
    });
    if pushed.is_err() {
        let mut threads = threads();
        let state = threads.entry(id).or_insert(ThreadState::Exiting(HeldLocks::EMPTY));
        if let (ThreadState::Exiting(list), Some(held)) = (state, held) {
            list.push(held);
        }
    }
    id
}

/// Removes one entry from the list of the thread `acquired_by`.
pub(super) fn remove(acquired_by: OwnerId, key: Key) {
    let is_this_thread = acquired_by == id();
    if is_this_thread && THIS.try_with(|thread| thread.borrow_mut().held.remove(key)).is_ok() {
        return;
    }
    let mut threads = threads();
    match threads.get_mut(&acquired_by) {
        Some(ThreadState::Running(thread)) => thread.push(key),
        Some(ThreadState::Exiting(held)) => {
            held.remove(key);
            if held.is_empty() {
                threads.remove(&acquired_by);
            }
        }
        None => {}
    }
}

impl Thread {
    const NEW: Self =
        Self { id: OwnerId::NONE, process: None, held: HeldLocks::EMPTY, released_elsewhere: None };

    fn push(&mut self, id: OwnerId, held: HeldLock) {
        if self.process != Some(held.process) {
            let released_elsewhere = Arc::<ReleasedElsewhere>::default();
            self.id = id;
            self.process = Some(held.process);
            self.held = HeldLocks::EMPTY;
            self.released_elsewhere = Some(Arc::clone(&released_elsewhere));
            threads().insert(id, ThreadState::Running(released_elsewhere));
        }
        self.held.push(held);
    }

    fn remove_released_elsewhere(&mut self) {
        let Some(released) = &self.released_elsewhere else { return };
        if !released.is_any.load(Ordering::Acquire) {
            return;
        }
        // A forked child may have inherited the mutex locked; its list is emptied anyway.
        if self.process.is_some_and(ProcessId::is_current) {
            released.take().into_iter().for_each(|key| self.held.remove(key));
        }
    }
}

impl ReleasedElsewhere {
    fn push(&self, key: Key) {
        let mut keys = self.lock();
        keys.push(key);
        self.is_any.store(true, Ordering::Release);
    }

    fn take(&self) -> Vec<Key> {
        let mut keys = self.lock();
        self.is_any.store(false, Ordering::Relaxed);
        mem::take(&mut *keys)
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Key>> {
        self.keys.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Thread {
    fn drop(&mut self) {
        if self.process.is_none() {
            return;
        }
        let mut threads = threads();
        self.remove_released_elsewhere();
        self.held.remove_inherited();
        if self.held.is_empty() {
            threads.remove(&self.id);
        } else {
            let held = mem::take(&mut self.held);
            threads.insert(self.id, ThreadState::Exiting(held));
        }
    }
}

/// Ignores poison: a panic under the mutex leaves nothing half-done.
fn threads() -> MutexGuard<'static, Threads> {
    THREADS.get().lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(all(test, not(shuttle)))]
mod tests {
    use std::thread;

    use super::*;
    use crate::locks::Locks;
    use crate::name::LockName;

    #[test]
    fn a_guard_that_outlives_its_thread_leaves_nothing_behind() {
        let lock = Locks::in_memory().lock(LockName::new("x").unwrap());
        let acquiring = thread::spawn(move || (lock.acquire().unwrap(), id()));
        let (guard, thread) = acquiring.join().unwrap();
        assert!(matches!(threads()[&thread], ThreadState::Exiting(_)));
        drop(guard);
        assert!(!threads().contains_key(&thread));
    }
}
