//! Checks of waits that are cancelled, holders that die, and locks that are lost.

use std::task::{Context, Waker};
use std::thread;
use std::time::{Duration, Instant};

use super::{Subject, lock, name, wait_until_queued};
use crate::engine::Capability;
use crate::error::LockError;
use crate::guard::LockGuard;
use crate::holder::Holder;
use crate::lock::Lock;

/// A wait that is dropped has no effect, whenever that happens.
pub(super) fn cancellation_of_a_wait(subject: &dyn Subject) {
    let name = name();
    let (here, there) = (lock(subject, &name), lock(subject, &name));
    for step in 0..40 {
        let held = acquire_cleanly(subject, &there);
        let mut wait = Box::pin(here.acquire_async());
        let mut context = Context::from_waker(Waker::noop());
        assert!(
            wait.as_mut().poll(&mut context).is_pending(),
            "the lock is held by another process"
        );
        thread::sleep(Duration::from_micros(step * 100));
        if step % 2 == 0 {
            // It may be granted just when it is cancelled.
            drop(held);
            thread::sleep(Duration::from_micros(step * 10));
            drop(wait);
        } else {
            drop(wait);
            drop(held);
        }
    }
    drop(acquire_cleanly(subject, &there));
}

/// A try that is dropped before its result arrives has no effect.
pub(super) fn cancellation_of_a_try(subject: &dyn Subject) {
    let name = name();
    let (here, there) = (lock(subject, &name), lock(subject, &name));
    for step in 0..20 {
        let mut attempt = Box::pin(here.timeout(0).acquire_async());
        let mut context = Context::from_waker(Waker::noop());
        let result = attempt.as_mut().poll(&mut context);
        thread::sleep(Duration::from_micros(step * 100));
        drop((result, attempt));
        drop(acquire_cleanly(subject, &there));
    }
}

/// Acquires the lock, on which a cancelled wait has left no trace.
fn acquire_cleanly(subject: &dyn Subject, lock: &Lock) -> LockGuard {
    let guard = lock.timeout(subject.timeout()).acquire();
    let guard = guard.expect("a cancelled wait does not keep the lock");
    assert_eq!(guard.abandoned(), None, "a cancelled wait counts as an abandonment");
    guard
}

/// Only the next holder learns of a death, if the engine says that it reports abandonment;
/// otherwise no holder does.
pub(super) fn abandonment(subject: &dyn Subject) {
    let name = name();
    let lock = lock(subject, &name);
    let acquire = || lock.timeout(subject.timeout()).acquire().expect("a death releases the lock");
    assert_eq!(acquire().abandoned(), None, "an abandonment is reported, and there was none");
    if !subject.die_holding(&name) {
        return;
    }
    let reports = subject.process().supports(Capability::AbandonmentReports);
    assert_eq!(acquire().abandoned().is_some(), reports, "whether an abandonment is reported");
    assert_eq!(acquire().abandoned(), None, "an abandonment is reported again after a recovery");
    if reports {
        assert!(subject.die_holding(&name));
        let fail = || {
            let guard = acquire();
            guard.mark_abandoned();
            guard.abandoned().map(Holder::since)
        };
        let first = fail();
        assert!(first.is_some(), "an abandonment is not reported");
        assert_eq!(fail(), first, "a later failure replaces the first abandonment");
        assert!(subject.die_holding(&name));
        let reported = acquire().abandoned().map(Holder::since);
        assert_eq!(reported, first, "a later death replaces the first abandonment");
        assert_eq!(
            acquire().abandoned(),
            None,
            "an abandonment is reported again after a recovery"
        );
        acquire().mark_abandoned();
        assert!(
            acquire().abandoned().is_some(),
            "a lock that was marked as abandoned is not reported"
        );
    }
}

/// The holder of a lost lock is notified, and other processes can acquire the lock; an engine whose
/// locks cannot be lost loses none.
pub(super) fn loss(subject: &dyn Subject) {
    let name = name();
    let (here, there) = (lock(subject, &name), lock(subject, &name));
    let guard = here.acquire().expect("the lock is free");
    assert!(!guard.is_lost(), "a lock counts as lost without a loss");
    guard.ensure().expect("a lock counts as lost without a loss");
    let is_lost = subject.lose(&name);
    let can_be_lost = subject.process().supports(Capability::LockLoss);
    assert!(can_be_lost || !is_lost, "the engine says that its locks cannot be lost, and one was");
    if !is_lost {
        return;
    }
    assert!(becomes_lost(subject, &guard), "the holder is not notified that its lock was lost");
    assert!(matches!(guard.ensure(), Err(LockError::Lost { .. })));
    let next = there.timeout(subject.timeout()).acquire().expect("a lost lock can be acquired");
    assert!(next.token() > guard.token(), "the token does not rise after a loss");
    assert!(guard.is_lost(), "a lost lock no longer counts as lost");
    assert!(
        matches!(guard.release(), Err(LockError::Lost { .. })),
        "the release of a lost lock is no error"
    );
    assert!(!next.is_lost(), "the release of a lost lock affects its next holder");
    drop(next);
    drop(here.timeout(subject.timeout()).acquire().expect("the lock can be acquired again"));
}

/// A waiter gets a new claim if another thread of its process has lost the lock.
pub(super) fn loss_during_a_hand_off(subject: &dyn Subject) {
    let name = name();
    let here = lock(subject, &name);
    let guard = here.acquire().expect("the lock is free");
    thread::scope(|scope| {
        let next = scope.spawn(|| {
            here.timeout(subject.timeout()).acquire().expect("the waiter gets its turn").is_lost()
        });
        wait_until_queued(subject, &here, 1);
        if subject.lose(&name) {
            assert!(
                becomes_lost(subject, &guard),
                "the holder is not notified that its lock was lost"
            );
        }
        drop(guard);
        assert!(
            !next.join().expect("it does not panic"),
            "a lost claim is handed off to the waiter"
        );
    });
}

fn becomes_lost(subject: &dyn Subject, guard: &LockGuard) -> bool {
    let start = Instant::now();
    while !guard.is_lost() && start.elapsed() < subject.timeout() {
        thread::sleep(Duration::from_millis(5));
    }
    guard.is_lost()
}
