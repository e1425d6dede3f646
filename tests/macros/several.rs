//! Several names in one attribute or block are held together.

use jam_lock::{LockError, default_locks, locked};

use crate::lock_names;
use crate::section::{alone, assert_held_within, block_on, is_held};

fn is_inner_held() -> bool {
    default_locks().unwrap().lock(lock_names::INNER).try_acquire().is_err()
}

#[test]
fn all_are_held_within() {
    #[locked("section", lock_names::INNER, timeout = 10)]
    fn function() -> Result<bool, LockError> {
        Ok(is_held() && is_inner_held())
    }

    #[locked("section", "inner")]
    async fn asynchronous() -> Result<bool, LockError> {
        Ok(is_held() && is_inner_held())
    }

    let _alone = alone();
    assert_held_within(function());
    assert_held_within(block_on(asynchronous()));
    assert_held_within(locked!("section", "inner", { is_held() && is_inner_held() }));
    assert_held_within(block_on(locked!("section", "inner", async {
        is_held() && is_inner_held()
    })));
    assert!(!is_inner_held());
}

#[test]
fn one_unavailable_lock_fails_all() {
    let _alone = alone();
    let _inner = default_locks().unwrap().lock(lock_names::INNER).acquire().unwrap().detach();
    let never = locked!("section", "inner", timeout = 0, { unreachable!("one is held") });
    let result: Result<(), LockError> = never;
    assert!(result.is_err_and(|error| error.is_timeout()));
    assert!(!is_held());
}
