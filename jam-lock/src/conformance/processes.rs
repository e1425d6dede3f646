//! What processes that share locks see of each other.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, mpsc};
use std::thread;
use std::time::Instant;

use super::{SHORT, Subject, lock, name};
use crate::engine::Capability;
use crate::error::LockError;
use crate::locks::Locks;
use crate::name::LockName;
use crate::status::State;

/// Two threads of each of three processes count under one lock.
pub(super) fn exclusion(subject: &dyn Subject) {
    const TIMES: u64 = 50;
    let (name, counter, inside) = (name(), AtomicU64::new(0), AtomicU64::new(0));
    let locks = [0; 3].map(|_| lock(subject, &name));
    thread::scope(|scope| {
        for lock in locks.iter().flat_map(|lock| [lock, lock]) {
            scope.spawn(|| {
                for _ in 0..TIMES {
                    let guard =
                        lock.timeout(subject.patience()).acquire().expect("everybody has its turn");
                    assert_eq!(inside.fetch_add(1, Ordering::SeqCst), 0, "two are inside");
                    let before = counter.load(Ordering::SeqCst);
                    thread::yield_now();
                    counter.store(before + 1, Ordering::SeqCst);
                    inside.fetch_sub(1, Ordering::SeqCst);
                    drop(guard);
                }
            });
        }
    });
    assert_eq!(counter.into_inner(), 6 * TIMES, "an update was lost");
}

/// A wait ends at its timeout and never before, and leaves all as it was.
pub(super) fn deadline(subject: &dyn Subject) {
    let name = name();
    let (here, there) = (lock(subject, &name), lock(subject, &name));
    let held = here.acquire().expect("it is free");
    let refused = there.try_acquire().expect_err("it is held elsewhere");
    assert!(refused.is_timeout(), "a try is refused, not {refused}");
    let start = Instant::now();
    let error = there.timeout(SHORT).acquire().expect_err("it is held elsewhere");
    assert!(error.is_timeout(), "a wait times out, not {error}");
    assert!(start.elapsed() >= SHORT, "a wait ended before its timeout");
    drop(held);
    drop(there.timeout(subject.patience()).acquire().expect("it is free again"));
    drop(here.timeout(subject.patience()).acquire().expect("it is free again"));
}

/// Who came first to an engine that serves in order is served first.
pub(super) fn order_of_service(subject: &dyn Subject) {
    if !subject.process().supports(Capability::FairAcrossProcesses) {
        return;
    }
    let name = name();
    let held = lock(subject, &name).acquire().expect("it is free");
    let served = Mutex::new(Vec::new());
    let mut is_known = true;
    thread::scope(|scope| {
        for number in 0..3 {
            let lock = lock(subject, &name);
            let served = &served;
            scope.spawn(move || {
                let guard = lock.timeout(subject.patience()).acquire().expect("its turn comes");
                served.lock().expect("nobody panics with it").push(number);
                drop(guard);
            });
            is_known &= subject.until_waiting(&name, number + 1);
        }
        drop(held);
    });
    let served = served.into_inner().expect("nobody panics with it");
    assert!(
        !is_known || served == [0, 1, 2],
        "they were not served in the order in which they came"
    );
}

/// Readers share the lock with readers, and with no writer.
pub(super) fn readers_and_writers(subject: &dyn Subject) {
    let name = name();
    let (here, there) = (lock(subject, &name), lock(subject, &name));
    if !subject.process().supports(Capability::SharedLocks) {
        let result = here.shared().try_acquire();
        let is_said = matches!(result, Err(LockError::Unsupported { .. }));
        return assert!(is_said, "readers are neither supported nor refused");
    }
    let reader = here.shared().acquire().expect("it is free");
    let other = there.shared().timeout(subject.patience()).acquire().expect("readers share it");
    let third = lock(subject, &name);
    assert!(
        third.try_acquire().is_err_and(|error| error.is_timeout()),
        "a writer is beside readers"
    );
    drop((reader, other));
    let writer = third.timeout(subject.patience()).acquire().expect("the readers have left");
    let refused = here.shared().try_acquire();
    assert!(refused.is_err_and(|error| error.is_timeout()), "a reader is beside a writer");
    drop(writer);
}

/// Each value of a key is a lock of its own.
pub(super) fn keys(subject: &dyn Subject) {
    let number = super::number();
    let keyed = |key: &str| LockName::keyed(&[&format!("checked {number} "), ""], "", 0, &[&key]);
    let locks = [(); 2].map(|()| Locks::with_engine(subject.process()));
    let _held = locks[0].lock(keyed("a")).acquire().expect("it is free");
    drop(
        locks[1]
            .lock(keyed("b"))
            .timeout(subject.patience())
            .acquire()
            .expect("another key is another lock"),
    );
    let refused = locks[1].lock(keyed("a")).try_acquire();
    assert!(refused.is_err_and(|error| error.is_timeout()), "one key is two locks");
}

/// Several locks are had together, or none of them is.
pub(super) fn several(subject: &dyn Subject) {
    let (first, second) = (name(), name());
    let here = Locks::with_engine(subject.process());
    let held = lock(subject, &second).acquire().expect("it is free");
    let both = here.lock_all([first.clone(), second]);
    assert!(both.timeout(SHORT).acquire().is_err_and(|error| error.is_timeout()));
    drop(
        lock(subject, &first)
            .timeout(subject.patience())
            .acquire()
            .expect("the first was given back"),
    );
    drop(held);
    assert_eq!(both.timeout(subject.patience()).acquire().expect("both are free").len(), 2);
}

/// Tokens rise from holder to holder, whichever process they are of.
pub(super) fn tokens(subject: &dyn Subject) {
    let name = name();
    let locks = [0; 3].map(|_| lock(subject, &name));
    let mut last = 0;
    for lock in locks.iter().cycle().take(12) {
        let token = lock.timeout(subject.patience()).acquire().expect("it is free").token();
        assert!(token > last, "token {token} follows {last}");
        last = token;
    }
}

/// Who is named as the holder is the holder, or else nobody is named.
pub(super) fn holder(subject: &dyn Subject) {
    let name = name();
    let engine = subject.process();
    let (reply, told) = mpsc::channel();
    let ask = || {
        let reply = reply.clone();
        engine.find_holder(&name, Box::new(move |holder| drop(reply.send(holder))));
        told.recv_timeout(subject.patience()).expect("an engine answers who holds a lock")
    };
    assert_eq!(ask(), None, "somebody is said to hold a lock that nobody has asked for");
    let guard = lock(subject, &name).acquire().expect("it is free");
    if let Some(file) = ask().as_ref().and_then(|holder| holder.file()) {
        assert_eq!(file, file!(), "another holder is named");
    }
    guard.release().expect("it can be released");
    assert_eq!(ask(), None, "who has left is still said to be the holder");
}

/// A survey, if there is one, tells of a lock that is held, and of the same when it is free.
pub(super) fn survey(subject: &dyn Subject) {
    let name = name();
    let locks = Locks::with_engine(subject.process());
    let see = || {
        let all = match locks.list() {
            Err(LockError::Unsupported { .. }) => return None,
            all => all.expect("a survey can be made"),
        };
        let found = all.into_iter().find(|status| status.name() == name.as_str());
        Some(found.map_or(State::Free, |status| status.state()))
    };
    let Some(before) = see() else { return };
    assert!(!before.is_held(), "a lock that nobody has asked for is said to be held");
    let guard = lock(subject, &name).acquire().expect("it is free");
    let held = see().expect("there was a survey before");
    assert!(held.is_held() || held == State::Unknown, "a lock that is held is said to be {held}");
    guard.release().expect("it can be released");
    let after = see().expect("there was a survey before");
    assert!(!after.is_held(), "a lock that is free is said to be held by a {after}");
}

/// The status of a lock, if there is one, is that of the lock, be it unused, held or free again.
pub(super) fn status(subject: &dyn Subject) {
    let name = name();
    let seen = lock(subject, &name);
    let see = || match seen.status() {
        Err(LockError::Unsupported { .. }) => None,
        status => {
            let status = status.expect("the status of a lock can be seen");
            assert_eq!(status.name(), name.as_str(), "another lock is shown");
            Some(status.state())
        }
    };
    let Some(before) = see() else { return };
    assert!(!before.is_held(), "a lock that was never used is said to be held");
    let guard = lock(subject, &name).acquire().expect("it is free");
    let held = see().expect("it was seen before");
    assert!(held.is_held() || held == State::Unknown, "a lock that is held is said to be {held}");
    guard.release().expect("it can be released");
    let after = see().expect("it was seen before");
    assert!(!after.is_held(), "a lock that is free is said to be held by a {after}");
}
