//! What threads of one process see, with the engine behind their gate.

use std::sync::Mutex;
use std::thread;

use super::{Subject, lock, name, number, until_queued};
use crate::context::Owner;
use crate::error::LockError;
use crate::locks::Locks;
use crate::name::LockName;
use crate::site::Site;
use crate::timeout::Timeout;

/// Threads are served in the order in which they came.
pub(super) fn order(subject: &dyn Subject) {
    let name = name();
    let lock = lock(subject, &name);
    let held = lock.acquire().expect("it is free");
    let served = Mutex::new(Vec::new());
    thread::scope(|scope| {
        for number in 0..4 {
            let (waits, served) = (lock.clone(), &served);
            scope.spawn(move || {
                let guard = waits.timeout(subject.patience()).acquire().expect("its turn comes");
                served.lock().expect("nobody panics with it").push(number);
                drop(guard);
            });
            until_queued(subject, &lock, number + 1);
        }
        drop(held);
    });
    let served = served.into_inner().expect("nobody panics with it");
    assert_eq!(served, [0, 1, 2, 3], "they were not served in the order in which they came");
}

/// The lock goes from hand to hand, with rising tokens, and to another process in the end.
pub(super) fn hand_over(subject: &dyn Subject) {
    let name = name();
    let (here, there) = (lock(subject, &name), lock(subject, &name));
    let last = Mutex::new(0);
    thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                for _ in 0..100 {
                    let guard = here.timeout(subject.patience()).acquire().expect("its turn comes");
                    let mut last = last.lock().expect("nobody panics with it");
                    assert!(guard.token() > *last, "token {} follows {last}", guard.token());
                    *last = guard.token();
                }
            });
        }
        scope.spawn(|| drop(there.timeout(subject.patience()).acquire().expect("its turn comes")));
    });
    let token = there.timeout(subject.patience()).acquire().expect("it is free").token();
    let last = last.into_inner().expect("nobody panics with it");
    assert!(token > last, "token {token} follows {last} of another process");
}

/// Who holds it does not wait for itself, and may enter again where that was asked for.
pub(super) fn reentrancy(subject: &dyn Subject) {
    let lock = lock(subject, &name());
    // A section's guard, for what a guard by hand holds cannot be entered again.
    let deadline = Timeout::FOREVER.deadline();
    let outer =
        lock.acquire_for(Owner::thread_section(), Site::here(), deadline).expect("it is free");
    assert!(matches!(lock.acquire(), Err(LockError::Reentrant { .. })), "it waits for itself");
    assert!(lock.try_acquire().is_err_and(|error| error.is_timeout()), "a try waits for nobody");
    let inner = lock.reentrant().acquire().expect("it may enter again");
    assert_eq!(inner.token(), outer.token(), "it is another acquisition");
    drop(outer);
    assert!(!inner.is_lost());
    inner.release().expect("the last guard releases it");
    drop(lock.timeout(subject.patience()).acquire().expect("it is free"));
}

/// Who takes locks against the declared order is told so at once.
pub(super) fn lock_order(subject: &dyn Subject) {
    let registry: &str = Box::leak(format!("checked {}", number()).into_boxed_str());
    let locks = Locks::with_engine(subject.process());
    let declared =
        |text: &'static str, position| locks.lock(LockName::declared(text, registry, position));
    let (first, second) = (declared("checked first", 0), declared("checked second", 1));
    let held = second.timeout(subject.patience()).acquire().expect("it is free");
    assert!(matches!(first.acquire(), Err(LockError::Order { .. })), "the order is not kept");
    drop(held);
    let _first = first.timeout(subject.patience()).acquire().expect("it is free");
    drop(second.timeout(subject.patience()).acquire().expect("it comes after the first"));
}
