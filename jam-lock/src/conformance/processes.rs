//! Checks of several processes that share locks.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Barrier, Mutex, mpsc};
use std::thread;
use std::time::{Duration, Instant};

use super::{SHORT, Subject, lock, name};
use crate::engine::Capability;
use crate::error::LockError;
use crate::locks::Locks;
use crate::name::LockName;
use crate::status::State;

/// Two threads of each of three processes increment a counter under one lock.
pub(super) fn mutual_exclusion(subject: &dyn Subject) {
    const TIMES: u64 = 50;
    let (name, counter, inside) = (name(), AtomicU64::new(0), AtomicU64::new(0));
    let locks = [0; 3].map(|_| lock(subject, &name));
    // On a busy machine, the first thread could be done before the last one begins.
    let all_run = Barrier::new(6);
    thread::scope(|scope| {
        for lock in locks.iter().flat_map(|lock| [lock, lock]) {
            scope.spawn(|| {
                all_run.wait();
                for _ in 0..TIMES {
                    let guard = lock
                        .timeout(subject.timeout())
                        .acquire()
                        .expect("the waiter gets its turn");
                    assert_eq!(
                        inside.fetch_add(1, Ordering::SeqCst),
                        0,
                        "two holders have the lock at once"
                    );
                    let before = counter.load(Ordering::SeqCst);
                    thread::sleep(Duration::from_micros(100));
                    counter.store(before + 1, Ordering::SeqCst);
                    inside.fetch_sub(1, Ordering::SeqCst);
                    drop(guard);
                }
            });
        }
    });
    assert_eq!(counter.into_inner(), 6 * TIMES, "an update was lost");
}

/// A wait ends at its timeout and not before, and then has no effect.
pub(super) fn timeout(subject: &dyn Subject) {
    let name = name();
    let (here, there) = (lock(subject, &name), lock(subject, &name));
    let held = here.acquire().expect("the lock is free");
    let refused = there.try_acquire().expect_err("the lock is held by another process");
    assert!(refused.is_timeout(), "a try of a held lock does not time out: {refused}");
    let start = Instant::now();
    let error = there.timeout(SHORT).acquire().expect_err("the lock is held by another process");
    assert!(error.is_timeout(), "a wait for a held lock does not time out: {error}");
    assert!(start.elapsed() >= SHORT, "a wait ended before its timeout");
    drop(held);
    drop(there.timeout(subject.timeout()).acquire().expect("the lock is free again"));
    drop(here.timeout(subject.timeout()).acquire().expect("the lock is free again"));
}

/// An engine that is fair serves processes first come, first served.
pub(super) fn order(subject: &dyn Subject) {
    if !subject.process().supports(Capability::FairAcrossProcesses) {
        return;
    }
    let name = name();
    let held = lock(subject, &name).acquire().expect("the lock is free");
    let served = Mutex::new(Vec::new());
    let mut is_certain = true;
    thread::scope(|scope| {
        for number in 0..3 {
            let lock = lock(subject, &name);
            let served = &served;
            scope.spawn(move || {
                let guard =
                    lock.timeout(subject.timeout()).acquire().expect("the waiter gets its turn");
                served.lock().expect("no thread panics").push(number);
                drop(guard);
            });
            is_certain &= subject.wait_for_waiters(&name, number + 1);
        }
        drop(held);
    });
    let served = served.into_inner().expect("no thread panics");
    assert!(
        !is_certain || served == [0, 1, 2],
        "processes were not served in the order in which they queued"
    );
}

/// Readers share the lock with readers, but not with a writer.
pub(super) fn readers_and_writers(subject: &dyn Subject) {
    let name = name();
    let (here, there) = (lock(subject, &name), lock(subject, &name));
    if !subject.process().supports(Capability::SharedLocks) {
        let result = here.shared().try_acquire();
        let is_refused = matches!(result, Err(LockError::Unsupported { .. }));
        return assert!(is_refused, "shared locks are neither supported nor refused");
    }
    let reader = here.shared().acquire().expect("the lock is free");
    let other = there.shared().timeout(subject.timeout()).acquire().expect("readers share it");
    let third = lock(subject, &name);
    assert!(
        third.try_acquire().is_err_and(|error| error.is_timeout()),
        "a writer has the lock at the same time as readers"
    );
    drop((reader, other));
    let writer =
        third.timeout(subject.timeout()).acquire().expect("the readers have released the lock");
    let refused = here.shared().try_acquire();
    assert!(
        refused.is_err_and(|error| error.is_timeout()),
        "a reader has the lock at the same time as a writer"
    );
    drop(writer);
}

/// Each key has a lock of its own.
pub(super) fn keys(subject: &dyn Subject) {
    let number = super::number();
    let keyed = |key: &str| LockName::keyed(&[&format!("checked {number} "), ""], "", 0, &[&key]);
    let locks = [(); 2].map(|()| Locks::with_engine(subject.process()));
    let _held = locks[0].lock(keyed("a")).acquire().expect("the lock is free");
    drop(
        locks[1]
            .lock(keyed("b"))
            .timeout(subject.timeout())
            .acquire()
            .expect("another key has another lock"),
    );
    let refused = locks[1].lock(keyed("a")).try_acquire();
    assert!(refused.is_err_and(|error| error.is_timeout()), "one key has two locks");
}

/// A lock set is acquired as a whole, or not at all.
pub(super) fn lock_sets(subject: &dyn Subject) {
    let (first, second) = (name(), name());
    let here = Locks::with_engine(subject.process());
    let held = lock(subject, &second).acquire().expect("the lock is free");
    let both = here.lock_all([first.clone(), second]);
    assert!(both.timeout(SHORT).acquire().is_err_and(|error| error.is_timeout()));
    drop(
        lock(subject, &first)
            .timeout(subject.timeout())
            .acquire()
            .expect("the first lock was released"),
    );
    drop(held);
    assert_eq!(both.timeout(subject.timeout()).acquire().expect("both locks are free").len(), 2);
}

/// Tokens rise from holder to holder, in all processes.
pub(super) fn tokens(subject: &dyn Subject) {
    let name = name();
    let locks = [0; 3].map(|_| lock(subject, &name));
    let mut last = 0;
    for lock in locks.iter().cycle().take(12) {
        let token = lock.timeout(subject.timeout()).acquire().expect("the lock is free").token();
        assert!(token > last, "token {token} follows token {last}");
        last = token;
    }
}

/// A sweep frees no lock that is held, and tokens rise after it.
pub(super) fn sweep(subject: &dyn Subject) {
    let number = super::number();
    let name = LockName::keyed(&[&format!("checked {number} "), ""], "", 0, &[&"a"]);
    let (locks, sweeping) = ([0; 2].map(|_| lock(subject, &name)), subject.process());
    let sweep = || sweeping.sweep().expect("a sweep succeeds");
    let mut last = 0;
    for turn in 0..4 {
        let (lock, other) = (&locks[turn % 2], &locks[(turn + 1) % 2]);
        let guard = lock.timeout(subject.timeout()).acquire().expect("the lock is free");
        assert!(guard.token() > last, "token {} follows token {last}", guard.token());
        assert_eq!(guard.abandoned(), None, "an abandonment is reported, and there was none");
        last = guard.token();
        sweep();
        let refused = thread::scope(|scope| {
            let other = scope.spawn(|| other.try_acquire().map(drop));
            other.join().expect("it does not panic")
        });
        assert!(refused.is_err_and(|error| error.is_timeout()), "a sweep frees a held lock");
        drop(guard);
        sweep();
    }
}

/// The right holder is named, or none.
pub(super) fn holder(subject: &dyn Subject) {
    let name = name();
    let engine = subject.process();
    let (reply, holders) = mpsc::channel();
    let find = || {
        let reply = reply.clone();
        engine.find_holder(&name, Box::new(move |holder| drop(reply.send(holder))));
        holders.recv_timeout(subject.timeout()).expect("the engine replies")
    };
    assert_eq!(find(), None, "a lock that was never used is said to have a holder");
    let guard = lock(subject, &name).acquire().expect("the lock is free");
    if let Some(file) = find().as_ref().and_then(|holder| holder.file()) {
        assert_eq!(file, file!(), "another holder is named");
    }
    guard.release().expect("the release succeeds");
    assert_eq!(find(), None, "a holder that has released the lock is still said to hold it");
}

/// The list of locks, if the engine has one, shows a lock that is held, and that it is free again.
pub(super) fn list(subject: &dyn Subject) {
    let name = name();
    let locks = Locks::with_engine(subject.process());
    let state = || {
        let all = match locks.list() {
            Err(LockError::Unsupported { .. }) => return None,
            all => all.expect("the locks can be listed"),
        };
        let found = all.into_iter().find(|status| status.name() == name.as_str());
        Some(found.map_or(State::Free, |status| status.state()))
    };
    let Some(before) = state() else { return };
    assert!(!before.is_held(), "a lock that was never used is said to be held");
    let guard = lock(subject, &name).acquire().expect("the lock is free");
    let held = state().expect("there was a list before");
    assert!(held.is_held() || held == State::Unknown, "a lock that is held is said to be {held}");
    guard.release().expect("the release succeeds");
    let after = state().expect("there was a list before");
    assert!(!after.is_held(), "a lock that is free is said to be held by a {after}");
}

/// The status of a lock, if the engine has one, is right for a lock that was never used, is held,
/// or is free again.
pub(super) fn status(subject: &dyn Subject) {
    let name = name();
    let seen = lock(subject, &name);
    let state = || match seen.status() {
        Err(LockError::Unsupported { .. }) => None,
        status => {
            let status = status.expect("the status can be read");
            assert_eq!(status.name(), name.as_str(), "the status is that of another lock");
            Some(status.state())
        }
    };
    let Some(before) = state() else { return };
    assert!(!before.is_held(), "a lock that was never used is said to be held");
    let guard = lock(subject, &name).acquire().expect("the lock is free");
    let held = state().expect("there was a status before");
    assert!(held.is_held() || held == State::Unknown, "a lock that is held is said to be {held}");
    guard.release().expect("the release succeeds");
    let after = state().expect("there was a status before");
    assert!(!after.is_held(), "a lock that is free is said to be held by a {after}");
}
