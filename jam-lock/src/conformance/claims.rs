//! What a claim does for a gate, of which these checks take the place.

use std::sync::mpsc;
use std::time::Duration;

use super::{SHORT, Subject, lock, name};
use crate::engine::{Capability, Claim, Mode, OwnerId, TryAcquire, Usage, WaitId, WaitRequest};

/// A pursuit that comes home too late asks for a release in a mode in which nothing is held.
pub(super) fn release_in_another_mode(subject: &dyn Subject) {
    let engine = subject.process();
    if !engine.supports(Capability::SharedLocks) {
        return;
    }
    let name = name();
    let mut claim = engine.claim(&name);
    obtain(subject, claim.as_mut());
    claim.release(Mode::Shared, None).expect("there is nothing to release");
    let there = lock(subject, &name);
    // What was released by mistake may be on its way.
    let refused = there.timeout(SHORT).acquire();
    assert!(refused.is_err_and(|error| error.is_timeout()), "a release in another mode frees it");
    claim.release(Mode::Exclusive, None).expect("it can be released");
    drop(there.timeout(subject.patience()).acquire().expect("a release in its own mode frees it"));
}

/// A claim that nobody was told of has told nobody of a death either.
pub(super) fn release_of_what_nobody_used(subject: &dyn Subject) {
    let name = name();
    let engine = subject.process();
    if !engine.supports(Capability::AbandonmentReports) || !subject.die_with(&name) {
        return;
    }
    let mut claim = engine.claim(&name);
    obtain(subject, claim.as_mut());
    let used = Usage { abandoned_by: None, last_token: 0 };
    claim.release(Mode::Exclusive, Some(used)).expect("it can be released");
    let next = lock(subject, &name).timeout(subject.patience()).acquire().expect("it was released");
    assert!(next.abandoned().is_some(), "a death is forgotten that nobody was told of");
}

/// Has `claim` wait for the lock as a writer.
fn obtain(subject: &dyn Subject, claim: &mut dyn Claim) {
    if claim.try_acquire(Mode::Exclusive).expect("it can be asked for") == TryAcquire::Acquired {
        return;
    }
    let (reply, told) = mpsc::channel();
    let (id, mode, blocking, site) = (WaitId(1), Mode::Exclusive, true, None);
    let (yield_first, owner) = (Duration::ZERO, OwnerId::NONE);
    let request = WaitRequest { id, mode, blocking, yield_first, owner, site };
    claim
        .start_wait(request, Box::new(move |result| drop(reply.send(result))))
        .expect("it is begun");
    let done = told.recv_timeout(subject.patience()).expect("a wait ends");
    assert!(done.expect("it can be asked for"), "a wait for what is free is in vain");
    assert!(claim.accept(id).expect("it can be used"), "it slips away");
}
