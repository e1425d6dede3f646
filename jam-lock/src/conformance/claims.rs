//! Checks of claims, which call them as the gate would.

use std::sync::mpsc;
use std::time::Duration;

use super::{SHORT, Subject, lock, name};
use crate::engine::{Capability, Claim, Mode, OwnerId, TryAcquire, Usage, WaitId, WaitRequest};

/// A release in a mode that is not held does nothing; the gate makes one after a wait that ends too
/// late.
pub(super) fn release_in_another_mode(subject: &dyn Subject) {
    let engine = subject.process();
    if !engine.supports(Capability::SharedLocks) {
        return;
    }
    let name = name();
    let mut claim = engine.claim(&name);
    acquire(subject, claim.as_mut());
    claim.release(Mode::Shared, None).expect("there is nothing to release in this mode");
    let there = lock(subject, &name);
    // A release by mistake may take a moment.
    let refused = there.timeout(SHORT).acquire();
    assert!(
        refused.is_err_and(|error| error.is_timeout()),
        "a release in another mode releases the lock"
    );
    claim.release(Mode::Exclusive, None).expect("it can be released");
    drop(
        there
            .timeout(subject.timeout())
            .acquire()
            .expect("a release in its own mode releases the lock"),
    );
}

/// A claim that is released without a recorded holder does not clear an abandonment.
pub(super) fn release_of_an_unused_claim(subject: &dyn Subject) {
    let name = name();
    let engine = subject.process();
    if !engine.supports(Capability::AbandonmentReports) || !subject.die_holding(&name) {
        return;
    }
    let mut claim = engine.claim(&name);
    acquire(subject, claim.as_mut());
    let used = Usage { abandoned_by: None, last_token: 0, permits: 1 };
    claim.release(Mode::Exclusive, Some(used)).expect("it can be released");
    let next = lock(subject, &name).timeout(subject.timeout()).acquire().expect("it was released");
    assert!(next.abandoned().is_some(), "an abandonment is lost that no holder was notified of");
}

/// Acquires the claim as a writer.
fn acquire(subject: &dyn Subject, claim: &mut dyn Claim) {
    if claim.try_acquire(Mode::Exclusive).expect("a try succeeds or is contended")
        == TryAcquire::Acquired
    {
        return;
    }
    let (reply, result) = mpsc::channel();
    let (id, mode, blocking, site) = (WaitId(1), Mode::Exclusive, true, None);
    let (yield_first, owner) = (Duration::ZERO, OwnerId::NONE);
    let permits = 1;
    let request = WaitRequest { id, mode, blocking, yield_first, owner, site, permits };
    claim
        .start_wait(request, Box::new(move |result| drop(reply.send(result))))
        .expect("the wait starts");
    let done = result.recv_timeout(subject.timeout()).expect("the wait ends in time");
    assert!(done.expect("the wait does not fail"), "a wait for a free lock did not acquire it");
    assert!(
        claim.accept(id).expect("the claim can be used"),
        "the claim was lost before it was used"
    );
}
