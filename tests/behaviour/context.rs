//! A thread or a task neither deadlocks with itself nor acquires locks out of their declared order.

mod reentry;

use std::path::Path;
use std::time::Duration;

use jam_lock::{Lock, LockError, LockName, Locks, locked};

use crate::{folder, lock, lock_names};

/// The result of an acquisition.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Outcome {
    Acquired,
    Reentrant,
    Order,
    Contended,
}

use Outcome::{Acquired, Contended, Order, Reentrant};

fn outcome<T>(result: &Result<T, LockError>) -> Outcome {
    match result {
        Ok(_) => Acquired,
        Err(LockError::Reentrant { .. }) => Reentrant,
        Err(LockError::Order { .. }) => Order,
        Err(LockError::Timeout { .. }) => Contended,
        Err(other) => panic!("{other}"),
    }
}

/// The lock that is held, the requested one, whether that is `reentrant`, and the result.
fn matrix() -> Vec<(LockName, LockName, bool, Outcome)> {
    use lock_names::{FIRST, SECOND, customer_id};
    let run_time = |name| LockName::new(name).unwrap();
    vec![
        (FIRST, FIRST, false, Reentrant),
        (FIRST, FIRST, true, Acquired),
        (FIRST, SECOND, false, Acquired),
        (FIRST, SECOND, true, Acquired),
        (SECOND, FIRST, false, Order),
        (SECOND, FIRST, true, Order),
        (SECOND, customer_id(1), false, Acquired),
        (customer_id(1), SECOND, false, Order),
        (customer_id(1), customer_id(1), false, Reentrant),
        (customer_id(1), customer_id(2), false, Acquired),
        (customer_id(10), customer_id(9), false, Order),
        // Names made at run time have no order, but are the same as declared ones of the same text.
        (SECOND, run_time("a"), false, Acquired),
        (run_time("b"), run_time("a"), false, Acquired),
        (run_time("a"), FIRST, false, Acquired),
        (FIRST, run_time("first"), false, Reentrant),
        (run_time("first"), FIRST, true, Acquired),
        // Names of different registries have no order.
        (SECOND, jam_lock_tests::lock_names::FIRST, false, Acquired),
    ]
}

fn requested(locks: &Locks, name: LockName, is_reentrant: bool) -> Lock {
    let lock = locks.lock(name);
    if is_reentrant { lock.reentrant() } else { lock }
}

#[test]
fn a_thread_with_guards() {
    for (held, name, is_reentrant, expected) in matrix() {
        let folder = folder();
        let locks = Locks::open(folder.path()).unwrap();
        let _held = locks.lock(held.clone()).acquire().unwrap();
        let requested = requested(&locks, name.clone(), is_reentrant);
        // A guard may be on any thread, so the lock that it holds cannot be reentered.
        let is_same = held.as_str() == name.as_str();
        let (waiting, once) = if is_same { (Reentrant, Contended) } else { (expected, expected) };
        assert_eq!(outcome(&requested.acquire()), waiting, "{name} in {held}");
        assert_eq!(outcome(&requested.try_acquire()), once, "{name} in {held}, once");
    }
}

#[test]
fn a_thread_in_sections() {
    for (held, name, is_reentrant, expected) in matrix() {
        let folder = folder();
        let locks = &Locks::open(folder.path()).unwrap();
        let inner = |name: LockName| {
            if is_reentrant {
                locked!(name, locks = locks, reentrant, {})
            } else {
                locked!(name, locks = locks, {})
            }
        };
        let once = || requested(locks, name.clone(), is_reentrant).try_acquire();
        let both = locked!(held.clone(), locks = locks, { (inner(name.clone()), once()) });
        let (result, once) = both.unwrap();
        assert_eq!(outcome(&result), expected, "{name} in {held}");
        let expected = if expected == Reentrant { Contended } else { expected };
        assert_eq!(outcome(&once), expected, "{name} in {held}, once");
    }
}

#[test]
fn a_try_names_the_line_of_the_guard_in_the_same_thread() {
    let folder = folder();
    let lock = lock(folder.path(), "x");
    let line = line!() + 1;
    let _held = lock.acquire().unwrap();
    for error in [lock.try_acquire().unwrap_err(), lock.timeout(0).acquire().unwrap_err()] {
        assert!(error.is_timeout());
        assert!(error.to_string().contains(&format!("context.rs:{line}")), "{error}");
    }
}

#[test]
fn a_reader_that_tries_again_succeeds_unless_a_writer_waits() {
    let folder = folder();
    let lock = lock(folder.path(), "x");
    let reader = lock.shared().acquire().unwrap();
    assert_eq!(outcome(&lock.shared().try_acquire()), Acquired);
    assert_eq!(outcome(&lock.shared().acquire()), Reentrant);
    assert_eq!(outcome(&lock.try_acquire()), Contended);
    let mut writer = Box::pin(lock.acquire_async());
    assert!(smol::block_on(smol::future::poll_once(&mut writer)).is_none());
    assert_eq!(outcome(&lock.shared().try_acquire()), Contended);
    drop(reader);
    assert_eq!(outcome(&smol::block_on(writer)), Acquired);
}

#[test]
fn a_task_in_sections() {
    for (held, name, is_reentrant, expected) in matrix() {
        let folder = folder();
        let locks = &Locks::open(folder.path()).unwrap();
        let inner = async |name: LockName| {
            smol::future::yield_now().await;
            if is_reentrant {
                locked!(name, locks = locks, reentrant, async {}).await
            } else {
                locked!(name, locks = locks, async {}).await
            }
        };
        let section = locked!(held.clone(), locks = locks, async { inner(name.clone()).await });
        let result = smol::block_on(section).unwrap();
        assert_eq!(outcome(&result), expected, "{name} in {held}");
    }
}

#[test]
fn a_thread_in_a_section_of_a_task() {
    for (held, name, is_reentrant, expected) in matrix() {
        let folder = folder();
        let locks = &Locks::open(folder.path()).unwrap();
        let section = locked!(held.clone(), locks = locks, async {
            smol::future::yield_now().await;
            requested(locks, name.clone(), is_reentrant).acquire()
        });
        let result = smol::block_on(section).unwrap();
        assert_eq!(outcome(&result), expected, "{name} in {held}");
    }
}

#[test]
fn a_task_with_guards_in_its_own_section() {
    for (held, name, is_reentrant, expected) in matrix() {
        let folder = folder();
        let locks = &Locks::open(folder.path()).unwrap();
        let section = locked!(held.clone(), locks = locks, async {
            requested(locks, name.clone(), is_reentrant).acquire_async().await
        });
        let result = smol::block_on(section).unwrap();
        assert_eq!(outcome(&result), expected, "{name} in {held}");
    }
}

/// The lines of this file that the text names.
fn lines(text: &str) -> Vec<u32> {
    let rest = text.split("context.rs:").skip(1);
    let digits = rest.map(|rest| rest.split(|c: char| !c.is_ascii_digit()).next().unwrap());
    digits.map(|digits| digits.parse().unwrap()).collect()
}

#[test]
fn the_error_names_both_lines() {
    #[locked("second", locks = locks)]
    fn on_apply(locks: &Locks) -> Result<[String; 2], LockError> {
        let again = locks.lock(lock_names::SECOND).acquire().unwrap_err();
        let before = locks.lock(lock_names::FIRST).acquire().unwrap_err();
        Ok([again.to_string(), before.to_string()])
    }

    let folder = folder();
    let line = line!() - 8;
    let [again, before] = on_apply(&Locks::open(folder.path()).unwrap()).unwrap();
    assert_eq!(lines(&again), [line + 2, line]);
    assert_eq!(lines(&before), [line + 3, line]);
    assert!(again.contains("lock `second`") && again.contains("`on_apply`"), "{again}");
    assert!(before.contains("`first`") && before.contains("`second`"), "{before}");
}

#[test]
fn every_spelling_of_the_folder_is_the_same_lock() {
    let folder = folder();
    let _held = lock(folder.path(), "x").acquire().unwrap();
    let detour = folder.path().join("a/..");
    std::fs::create_dir(folder.path().join("a")).unwrap();
    assert_eq!(outcome(&lock(&detour, "x").acquire()), Reentrant);
    let other = folder.path().join("other");
    assert_eq!(outcome(&lock(&other, "x").acquire()), Acquired);
}

#[test]
fn a_name_keeps_its_order_if_another_registry_has_it_too() {
    let others = [
        LockName::new("first").unwrap(),
        LockName::new("second").unwrap(),
        jam_lock_tests::lock_names::FIRST,
    ];
    for other in others {
        let folder = folder();
        let locks = Locks::open(folder.path()).unwrap();
        let _kept = locks.lock(other.clone());
        let _held = locks.lock(lock_names::SECOND).acquire().unwrap();
        assert_eq!(outcome(&locks.lock(lock_names::FIRST).acquire()), Order, "{other} is kept");
    }
}

#[test]
fn a_failed_attempt_leaves_the_first_hold_as_it_was() {
    let folder = folder();
    let lock = lock(folder.path(), "x");
    let held = lock.acquire().unwrap();
    assert_eq!(outcome(&lock.acquire()), Reentrant);
    assert_eq!(outcome(&lock.acquire()), Reentrant);
    assert!(crate::is_refused(&lock));
    drop(held);
    assert_eq!(outcome(&lock.acquire()), Acquired);
}

#[test]
fn the_locks_of_a_set_are_checked_one_by_one() {
    let folder = folder();
    let locks = &Locks::open(folder.path()).unwrap();
    let both = locks.lock_all([lock_names::FIRST, lock_names::SECOND]);
    locked!("first", locks = locks, {
        assert_eq!(outcome(&both.acquire()), Reentrant);
        assert_eq!(both.reentrant().acquire().unwrap().len(), 2);
    })
    .unwrap();
    let _held = locks.lock(lock_names::FIRST).acquire().unwrap();
    let set_of = |path: &Path| Locks::open(path).unwrap().lock_all([lock_names::FIRST]);
    assert_eq!(outcome(&set_of(&folder.path().join("other")).acquire()), Acquired);
}
