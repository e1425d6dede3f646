//! Checks of names with permits, each of which is a lock of the engine.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use super::{SHORT, Subject, lock, name};
use crate::engine::Capability;
use crate::locks::Locks;
use crate::name::LockName;

/// A name that no other check has, with two permits.
fn name_with_permits() -> LockName {
    name().with_permits(2).expect("two are allowed")
}

/// Two threads of each of three processes share two permits.
pub(super) fn permits(subject: &dyn Subject) {
    let (name, inside, most) = (name_with_permits(), AtomicUsize::new(0), AtomicUsize::new(0));
    let locks = [0; 3].map(|_| lock(subject, &name));
    thread::scope(|scope| {
        for lock in locks.iter().flat_map(|lock| [lock, lock]) {
            scope.spawn(|| {
                for _ in 0..25 {
                    let guard = lock.timeout(subject.timeout()).acquire();
                    let guard = guard.expect("the waiter gets a permit");
                    let now = inside.fetch_add(1, Ordering::SeqCst) + 1;
                    assert!(now <= 2, "{now} holders have two permits");
                    most.fetch_max(now, Ordering::SeqCst);
                    thread::sleep(Duration::from_micros(100));
                    inside.fetch_sub(1, Ordering::SeqCst);
                    drop(guard);
                }
            });
        }
    });
    let acquire = || lock(subject, &name).timeout(subject.timeout()).acquire();
    let [one, other] = [(); 2].map(|()| acquire().expect("a permit was lost").detach());
    assert_ne!(one.permit(), other.permit(), "two holders have one permit");
    let most = most.into_inner();
    assert_eq!(most, 2, "two holders never had the two permits at once");
}

/// A waiter has whichever permit falls free; a timeout ends its wait, and leaves nothing behind.
pub(super) fn waits_for_permits(subject: &dyn Subject) {
    let name = name_with_permits();
    let (here, there) = (lock(subject, &name), lock(subject, &name));
    let mut held: Vec<_> = (0..2)
        .map(|_| here.timeout(subject.timeout()).acquire().expect("a permit is free").detach())
        .collect();
    for at in [1, 0] {
        let refused = there.try_acquire().expect_err("all permits are held");
        assert!(refused.is_timeout(), "a try of a held lock does not time out: {refused}");
        let error = there.timeout(SHORT).acquire().expect_err("all permits are held");
        assert!(error.is_timeout(), "a wait for a held lock does not time out: {error}");
        let kept = held.remove(at);
        let permit = kept.permit();
        let guard = thread::scope(|scope| {
            let waiter = scope.spawn(|| there.timeout(subject.timeout()).acquire());
            drop(kept);
            waiter.join().expect("no thread panics").expect("the waiter gets the permit")
        });
        assert_eq!(guard.permit(), permit, "only this permit has fallen free");
        held.insert(at, guard.detach());
    }
}

/// A holder that dies frees its own permit, and leaves that one abandoned.
pub(super) fn abandonment_of_a_permit(subject: &dyn Subject) {
    let plain = name();
    if !subject.die_holding(&plain) {
        return;
    }
    let name = plain.with_permits(2).expect("two are allowed");
    let lock = Locks::with_engine(subject.process()).lock(name).timeout(subject.timeout());
    let [one, other] =
        [(); 2].map(|()| lock.acquire().expect("a permit of a dead holder is free").detach());
    let (first, second) = if one.permit() == 1 { (one, other) } else { (other, one) };
    let reports = subject.process().supports(Capability::AbandonmentReports);
    assert_eq!(first.abandoned().is_some(), reports, "the death is reported to the next holder");
    assert!(second.abandoned().is_none(), "the holder of the other permit has not died");
}
