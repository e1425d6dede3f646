//! Checks of several threads of one process, with the engine behind their gate.

use std::sync::Mutex;
use std::thread;

use super::{Subject, lock, name, number, wait_until_queued};
use crate::context::Owner;
use crate::error::LockError;
use crate::locks::Locks;
use crate::name::LockName;
use crate::site::Site;
use crate::timeout::Timeout;

/// Threads are served first come, first served.
pub(super) fn order(subject: &dyn Subject) {
    let name = name();
    let lock = lock(subject, &name);
    let held = lock.acquire().expect("the lock is free");
    let served = Mutex::new(Vec::new());
    thread::scope(|scope| {
        for number in 0..4 {
            let (waits, served) = (lock.clone(), &served);
            scope.spawn(move || {
                let guard =
                    waits.timeout(subject.timeout()).acquire().expect("the waiter gets its turn");
                served.lock().expect("no thread panics").push(number);
                drop(guard);
            });
            wait_until_queued(subject, &lock, number + 1);
        }
        drop(held);
    });
    let served = served.into_inner().expect("no thread panics");
    assert_eq!(served, [0, 1, 2, 3], "threads were not served in the order in which they queued");
}

/// The lock is handed off between threads, with rising tokens, and to another process in the end.
pub(super) fn hand_off(subject: &dyn Subject) {
    let name = name();
    let (here, there) = (lock(subject, &name), lock(subject, &name));
    let last = Mutex::new(0);
    thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                for _ in 0..100 {
                    let guard = here
                        .timeout(subject.timeout())
                        .acquire()
                        .expect("the waiter gets its turn");
                    let mut last = last.lock().expect("no thread panics");
                    assert!(guard.token() > *last, "token {} follows token {last}", guard.token());
                    *last = guard.token();
                }
            });
        }
        scope.spawn(|| {
            drop(there.timeout(subject.timeout()).acquire().expect("the waiter gets its turn"));
        });
    });
    let token = there.timeout(subject.timeout()).acquire().expect("the lock is free").token();
    let last = last.into_inner().expect("no thread panics");
    assert!(token > last, "token {token} follows token {last} of another process");
}

/// A holder that acquires the lock again gets an error instead of a deadlock, or enters again if
/// that was requested.
pub(super) fn reentrancy(subject: &dyn Subject) {
    let lock = lock(subject, &name());
    // The guard of a section, because a lock that is held by a plain guard cannot be entered again.
    let deadline = Timeout::FOREVER.deadline();
    let outer = lock
        .acquire_for(Owner::thread_section(), Site::here(), deadline)
        .expect("the lock is free");
    assert!(
        matches!(lock.acquire(), Err(LockError::Reentrant { .. })),
        "a holder that acquires the lock again gets no error"
    );
    assert!(
        lock.try_acquire().is_err_and(|error| error.is_timeout()),
        "a try of a lock that is held here does not time out"
    );
    let inner = lock.reentrant().acquire().expect("a reentrant acquisition succeeds");
    assert_eq!(inner.token(), outer.token(), "a reentrant acquisition has another token");
    drop(outer);
    assert!(!inner.is_lost());
    inner.release().expect("the last guard releases it");
    drop(lock.timeout(subject.timeout()).acquire().expect("the lock is free"));
}

/// An acquisition against the declared order is an error at once.
pub(super) fn lock_order(subject: &dyn Subject) {
    let registry: &str = Box::leak(format!("checked {}", number()).into_boxed_str());
    let locks = Locks::with_engine(subject.process());
    let declared =
        |text: &'static str, position| locks.lock(LockName::declared(text, registry, position));
    let (first, second) = (declared("checked first", 0), declared("checked second", 1));
    let held = second.timeout(subject.timeout()).acquire().expect("the lock is free");
    assert!(
        matches!(first.acquire(), Err(LockError::Order { .. })),
        "an acquisition against the declared order is no error"
    );
    drop(held);
    let _first = first.timeout(subject.timeout()).acquire().expect("the lock is free");
    drop(second.timeout(subject.timeout()).acquire().expect("it comes after the first"));
}
