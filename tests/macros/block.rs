//! `locked!` runs a block of the surrounding code under the lock.

use std::panic::{self, AssertUnwindSafe};
use std::time::Duration;

use jam_lock::{LockError, Locks, default_locks};

use crate::lock_names;
use crate::section::{alone, assert_held_within, is_held, is_held_in};

#[test]
fn its_value_is_a_result() {
    let _alone = alone();
    assert_held_within(locked!("section", { is_held() }));
    assert_held_within(locked!("section", timeout = 10, { is_held() },));
    assert_held_within(locked!(lock_names::SECTION, timeout = Duration::MAX, { is_held() }));
}

#[test]
fn it_is_in_the_module_too() {
    let _alone = alone();
    assert_held_within(lock_names::locked!("section", { is_held() }));
    assert_held_within(crate::lock_names::locked!("section", { is_held() }));
}

#[test]
fn the_macro_of_another_crate_uses_its_names() {
    use jam_lock_tests::lock_names;

    let _alone = alone();
    let lock = || default_locks().unwrap().lock(lock_names::DECLARED_ELSEWHERE);
    assert_held_within(lock_names::locked!("declared_elsewhere", {
        lock().try_acquire().is_err()
    }));
    let names = locked!("declared_elsewhere", names = jam_lock_tests::lock_names, {
        lock().try_acquire().is_err()
    });
    assert_held_within(names);
}

#[test]
fn a_timeout_is_an_error() {
    let _alone = alone();
    let lock = default_locks().expect("the default is set").lock(lock_names::SECTION);
    let _held = lock.acquire().expect("the lock is free").detach();
    let never = locked!("section", timeout = 0, { unreachable!("the lock is held") });
    let result: Result<(), LockError> = never;
    assert!(result.is_err_and(|error| error.is_timeout()));
}

#[test]
fn with_or_else_the_value_is_no_result() {
    let _alone = alone();
    let number: u8 = locked!("section", timeout = 0, or_else = jam_lock::skip, {
        locked!(lock_names::SECTION, timeout = 0, or_else = |_| 7, { unreachable!() })
    });
    assert_eq!(number, 7);
}

#[test]
fn guard_binds_the_guard() {
    let _alone = alone();
    let name = locked!("section", guard = held, { held.name().to_string() });
    assert_eq!(name.unwrap(), "section");
}

#[test]
fn locks_are_borrowed() {
    let _alone = alone();
    let folder = tempfile::tempdir().unwrap();
    let locks = Locks::open(folder.path()).unwrap();
    assert_held_within(locked!("section", locks = locks, { is_held_in(&locks) && !is_held() }));
}

#[test]
fn a_return_returns_from_the_surrounding_function() {
    fn function() -> Result<bool, LockError> {
        locked!("section", {
            return Ok(is_held());
        })?;
        unreachable!("the block has returned");
    }

    let _alone = alone();
    assert_held_within(function());
}

#[test]
fn a_question_mark_returns_from_the_surrounding_function() {
    fn function(text: &str) -> Result<u8, Box<dyn std::error::Error>> {
        let number = locked!("section", { text.parse::<u8>()? })?;
        Ok(number)
    }

    let _alone = alone();
    assert_eq!(function("7").unwrap(), 7);
    assert!(function("seven").is_err());
    assert!(!is_held());
}

#[test]
fn break_and_continue_act_on_the_surrounding_loop() -> Result<(), LockError> {
    let _alone = alone();
    let mut seen = Vec::new();
    'outer: loop {
        for number in 0.. {
            locked!("section", {
                if number == 1 {
                    continue;
                }
                if number == 3 {
                    break 'outer;
                }
                seen.push((number, is_held()));
            })?;
        }
    }
    assert_eq!(seen, [(0, true), (2, true)]);
    assert!(!is_held());
    Ok(())
}

#[test]
fn a_panic_releases_the_lock() {
    let _alone = alone();
    let result = panic::catch_unwind(AssertUnwindSafe(|| {
        locked!("section", { panic::resume_unwind(Box::new(())) })
    }));
    let _: Result<Result<(), LockError>, _> = result;
    assert!(!is_held());
}

#[test]
fn it_can_be_in_a_closure_and_in_a_thread() {
    let _alone = alone();
    let locked = || locked!("section", { is_held() });
    assert_held_within(locked());
    assert_held_within(std::thread::spawn(locked).join().unwrap());
}

#[test]
fn other_locks_can_be_acquired_inside() {
    let _alone = alone();
    let both = locked!("section", { locked!("inner", timeout = 0, { is_held() }) });
    assert_held_within(both.and_then(|inner| inner));
}
