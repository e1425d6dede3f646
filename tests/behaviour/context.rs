//! What a thread or a task holds already: it is not made to wait for itself, nor against the order
//! in which locks are declared.

use std::path::Path;

use jam_lock::{Lock, LockError, LockName, Locks, locked};

use crate::{folder, lock, lock_names};

/// What becomes of an acquisition.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Outcome {
    Acquired,
    Reentrant,
    Order,
}

use Outcome::{Acquired, Order, Reentrant};

fn outcome<T>(result: &Result<T, LockError>) -> Outcome {
    match result {
        Ok(_) => Acquired,
        Err(LockError::Reentrant { .. }) => Reentrant,
        Err(LockError::Order { .. }) => Order,
        Err(other) => panic!("{other}"),
    }
}

/// What is held, what is asked for then, whether by `reentrant`, and what becomes of it.
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
        // Names made at run time have no order, but are the same where their text is.
        (SECOND, run_time("a"), false, Acquired),
        (run_time("b"), run_time("a"), false, Acquired),
        (run_time("a"), FIRST, false, Acquired),
        (FIRST, run_time("first"), false, Reentrant),
        (run_time("first"), FIRST, true, Acquired),
        // Nor have names of two registries.
        (SECOND, jam_lock_tests::lock_names::FIRST, false, Acquired),
    ]
}

fn asked(locks: &Locks, name: LockName, is_reentrant: bool) -> Lock {
    let lock = locks.lock(name);
    if is_reentrant { lock.reentrant() } else { lock }
}

#[test]
fn a_thread_by_hand() {
    for (held, name, is_reentrant, expected) in matrix() {
        let folder = folder();
        let locks = Locks::open(folder.path()).unwrap();
        let _held = locks.lock(held.clone()).acquire().unwrap();
        let asked = asked(&locks, name.clone(), is_reentrant);
        assert_eq!(outcome(&asked.acquire()), expected, "{name} in {held}");
        assert_eq!(outcome(&asked.try_acquire()), expected, "{name} in {held}, once");
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
        let result = locked!(held.clone(), locks = locks, { inner(name.clone()) }).unwrap();
        assert_eq!(outcome(&result), expected, "{name} in {held}");
    }
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
            asked(locks, name.clone(), is_reentrant).acquire()
        });
        let result = smol::block_on(section).unwrap();
        assert_eq!(outcome(&result), expected, "{name} in {held}");
    }
}

#[test]
fn a_task_by_hand_in_a_section_of_its_own() {
    for (held, name, is_reentrant, expected) in matrix() {
        let folder = folder();
        let locks = &Locks::open(folder.path()).unwrap();
        let section = locked!(held.clone(), locks = locks, async {
            asked(locks, name.clone(), is_reentrant).acquire_async().await
        });
        let result = smol::block_on(section).unwrap();
        assert_eq!(outcome(&result), expected, "{name} in {held}");
    }
}

/// The places that a text names in these tests.
fn lines(text: &str) -> Vec<u32> {
    let places = text.split("context.rs:").skip(1);
    let digits = places.map(|rest| rest.split(|c: char| !c.is_ascii_digit()).next().unwrap());
    digits.map(|digits| digits.parse().unwrap()).collect()
}

#[test]
fn the_error_names_both_places() {
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
fn every_spelling_of_the_folder_leads_to_the_same_lock() {
    let folder = folder();
    let _held = lock(folder.path(), "x").acquire().unwrap();
    let detour = folder.path().join("a/..");
    std::fs::create_dir(folder.path().join("a")).unwrap();
    assert_eq!(outcome(&lock(&detour, "x").acquire()), Reentrant);
    let other = folder.path().join("other");
    assert_eq!(outcome(&lock(&other, "x").acquire()), Acquired);
}

#[test]
fn a_name_has_its_order_whoever_keeps_the_lock_by_another() {
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
fn what_is_held_as_a_reader_is_not_entered_as_a_writer() {
    let folder = folder();
    let lock = lock(folder.path(), "x").reentrant();
    let reader = lock.shared().acquire().unwrap();
    assert_eq!(outcome(&lock.shared().acquire()), Acquired);
    assert_eq!(outcome(&lock.acquire()), Reentrant);
    drop(reader);
    let _writer = lock.acquire().unwrap();
    assert_eq!(outcome(&lock.shared().acquire()), Acquired);
}

#[test]
fn the_lock_is_released_with_the_last_guard_of_it() {
    let folder = folder();
    let lock = lock(folder.path(), "x").reentrant();
    let outer = lock.acquire().unwrap();
    let inner = lock.acquire().unwrap();
    assert_eq!(inner.token(), outer.token());
    outer.release().unwrap();
    assert!(crate::is_refused(&lock));
    inner.mark_abandoned();
    drop(inner);
    assert!(lock.acquire().unwrap().abandoned().is_some());
}

#[test]
fn a_guard_counts_although_one_that_was_entered_again_is_detached() {
    let folder = folder();
    let lock = lock(folder.path(), "x").timeout(0);
    let outer = lock.acquire().unwrap();
    let inner = lock.reentrant().acquire().unwrap().detach();
    assert_eq!(outcome(&lock.acquire()), Reentrant);
    drop(outer);
    assert!(lock.acquire().unwrap_err().is_timeout());
    drop(inner);
}

#[test]
fn a_guard_that_was_entered_again_counts_although_the_first_is_detached() {
    let folder = folder();
    let lock = lock(folder.path(), "x").timeout(0);
    let outer = lock.acquire().unwrap();
    let inner = lock.reentrant().acquire().unwrap();
    let outer = outer.detach();
    assert_eq!(outcome(&lock.acquire()), Reentrant);
    drop(inner);
    assert!(lock.acquire().unwrap_err().is_timeout());
    drop(outer);
}

#[test]
fn a_section_that_is_entered_again_sees_what_was_entered_between() {
    async fn outer(locks: &Locks) -> Result<Outcome, LockError> {
        locked!("first", locks = locks, async {
            locked!("customer_{id}", id = 7, locks = locks, async { between(locks).await }).await
        })
        .await??
    }

    #[locked("first", reentrant, locks = locks)]
    async fn between(locks: &Locks) -> Result<Outcome, LockError> {
        smol::future::yield_now().await;
        Ok(outcome(&locks.lock(lock_names::SECOND).acquire_async().await))
    }

    let folder = folder();
    assert_eq!(smol::block_on(outer(&Locks::open(folder.path()).unwrap())).unwrap(), Order);
}

#[test]
fn several_locks_are_looked_at_one_by_one() {
    let folder = folder();
    let locks = Locks::open(folder.path()).unwrap();
    let _held = locks.lock(lock_names::FIRST).acquire().unwrap();
    let both = locks.lock_all([lock_names::FIRST, lock_names::SECOND]);
    assert_eq!(outcome(&both.acquire()), Reentrant);
    let guards = both.reentrant().acquire().unwrap();
    assert_eq!(guards.len(), 2);
    drop(guards);
    let elsewhere = |path: &Path| Locks::open(path).unwrap().lock_all([lock_names::FIRST]);
    assert_eq!(outcome(&elsewhere(&folder.path().join("other")).acquire()), Acquired);
}
