//! Waits that are given up, holders that die, locks that are lost.

use std::task::{Context, Waker};
use std::thread;
use std::time::{Duration, Instant};

use super::{Subject, lock, name, until_queued};
use crate::engine::Capability;
use crate::error::LockError;
use crate::guard::LockGuard;
use crate::holder::Holder;
use crate::lock::Lock;

/// A wait that is dropped leaves nothing, whenever that happens.
pub(super) fn cancellation(subject: &dyn Subject) {
    let name = name();
    let (here, there) = (lock(subject, &name), lock(subject, &name));
    for step in 0..40 {
        let held = had_in_order(subject, &there);
        let mut wait = Box::pin(here.acquire_async());
        let mut context = Context::from_waker(Waker::noop());
        assert!(wait.as_mut().poll(&mut context).is_pending(), "it is held elsewhere");
        thread::sleep(Duration::from_micros(step * 100));
        if step % 2 == 0 {
            // It may be granted just when it is given up.
            drop(held);
            thread::sleep(Duration::from_micros(step * 10));
            drop(wait);
        } else {
            drop(wait);
            drop(held);
        }
    }
    drop(had_in_order(subject, &there));
}

/// A try that is dropped before it was answered leaves nothing.
pub(super) fn cancellation_of_a_try(subject: &dyn Subject) {
    let name = name();
    let (here, there) = (lock(subject, &name), lock(subject, &name));
    for step in 0..20 {
        let mut attempt = Box::pin(here.timeout(0).acquire_async());
        let mut context = Context::from_waker(Waker::noop());
        let answer = attempt.as_mut().poll(&mut context);
        thread::sleep(Duration::from_micros(step * 100));
        drop((answer, attempt));
        drop(had_in_order(subject, &there));
    }
}

/// The lock, of which nothing is left of who has given it up.
fn had_in_order(subject: &dyn Subject, lock: &Lock) -> LockGuard {
    let guard = lock.timeout(subject.patience()).acquire();
    let guard = guard.expect("nothing is left of who has given up");
    assert_eq!(guard.abandoned(), None, "who has given up counts as dead");
    guard
}

/// Who comes after a death is told, once, if the engine says that it tells; nobody else is.
pub(super) fn abandonment(subject: &dyn Subject) {
    let name = name();
    let lock = lock(subject, &name);
    let acquire = || lock.timeout(subject.patience()).acquire().expect("a death frees the lock");
    assert_eq!(acquire().abandoned(), None, "nobody has died");
    if !subject.die_with(&name) {
        return;
    }
    let tells = subject.process().supports(Capability::AbandonmentReports);
    assert_eq!(acquire().abandoned().is_some(), tells, "whether the death is told");
    assert_eq!(acquire().abandoned(), None, "a death is told once");
    if tells {
        assert!(subject.die_with(&name));
        let fails = || {
            let guard = acquire();
            guard.mark_abandoned();
            guard.abandoned().map(Holder::since)
        };
        let first = fails();
        assert!(first.is_some(), "whether the death is told");
        assert_eq!(fails(), first, "who fails after a death takes its place");
        assert!(subject.die_with(&name));
        let told = acquire().abandoned().map(Holder::since);
        assert_eq!(told, first, "who dies after a death takes its place");
        assert_eq!(acquire().abandoned(), None, "a death is told once");
        acquire().mark_abandoned();
        assert!(acquire().abandoned().is_some(), "who says that it has failed is not heard");
    }
}

/// A lock that is lost is known to be, if it can be lost, and others can have it.
pub(super) fn loss(subject: &dyn Subject) {
    let name = name();
    let (here, there) = (lock(subject, &name), lock(subject, &name));
    let guard = here.acquire().expect("it is free");
    assert!(!guard.is_lost(), "it counts as lost although nothing has happened");
    guard.ensure().expect("it counts as lost although nothing has happened");
    let is_lost = subject.lose(&name);
    let may_be = subject.process().supports(Capability::LockLoss);
    assert!(may_be || !is_lost, "it says that its locks cannot be lost, and one was");
    if !is_lost {
        return;
    }
    assert!(becomes_lost(subject, &guard), "the holder is not told that it has lost its lock");
    assert!(matches!(guard.ensure(), Err(LockError::Lost { .. })));
    let next = there.timeout(subject.patience()).acquire().expect("a lost lock is free for others");
    assert!(next.token() > guard.token(), "the token does not rise");
    assert!(guard.is_lost(), "what is lost comes back");
    assert!(matches!(guard.release(), Err(LockError::Lost { .. })), "a release does not reply");
    assert!(!next.is_lost(), "the end of who has lost it touches who has it");
    drop(next);
    drop(here.timeout(subject.patience()).acquire().expect("it can be had again"));
}

/// Who waits for a lock that is lost by another thread of its process gets a new claim.
pub(super) fn loss_during_a_hand_over(subject: &dyn Subject) {
    let name = name();
    let here = lock(subject, &name);
    let guard = here.acquire().expect("it is free");
    thread::scope(|scope| {
        let next = scope.spawn(|| {
            here.timeout(subject.patience()).acquire().expect("its turn comes").is_lost()
        });
        until_queued(subject, &here, 1);
        if subject.lose(&name) {
            assert!(
                becomes_lost(subject, &guard),
                "the holder is not told that it has lost its lock"
            );
        }
        drop(guard);
        assert!(!next.join().expect("it does not panic"), "a lost claim is handed on");
    });
}

fn becomes_lost(subject: &dyn Subject, guard: &LockGuard) -> bool {
    let start = Instant::now();
    while !guard.is_lost() && start.elapsed() < subject.patience() {
        thread::sleep(Duration::from_millis(5));
    }
    guard.is_lost()
}
