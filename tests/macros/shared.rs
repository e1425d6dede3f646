//! `shared` acquires a shared lock.

use jam_lock::{LockError, locked};

use crate::lock_names;
use crate::section::{alone, assert_held_within, block_on, is_held};

#[test]
fn a_section_can_be_shared() {
    #[locked("section", shared, timeout = 10)]
    fn function() -> Result<bool, LockError> {
        Ok(is_held())
    }

    #[locked(shared, lock_names::SECTION)]
    async fn asynchronous() -> Result<bool, LockError> {
        Ok(is_held())
    }

    #[locked("section", "inner", shared)]
    fn several() -> Result<bool, LockError> {
        Ok(is_held())
    }

    let _alone = alone();
    assert_held_within(function());
    assert_held_within(block_on(asynchronous()));
    assert_held_within(several());
    assert_held_within(locked!("section", shared, { is_held() }));
}

#[test]
fn a_variable_can_be_named_shared() {
    #[locked("section", timeout = shared)]
    fn function(shared: u32) -> Result<bool, LockError> {
        Ok(is_held() && shared == 10)
    }

    let _alone = alone();
    assert_held_within(function(10));
}
