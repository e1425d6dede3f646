//! The macros in a crate of edition 2021, where temporaries live longer.
//!
//! Its names are another crate's, re-exported where the macros look for them.

#![cfg(test)]

pub use jam_lock_tests::lock_names;

#[path = "../../macros/async_drop_order.rs"]
mod async_drop_order;
#[path = "../../macros/drop_order.rs"]
mod drop_order;
#[path = "../../macros/section.rs"]
mod section;

use jam_lock::{LockError, locked};

use crate::section::{alone, assert_held_within, is_held};

#[test]
fn names_that_the_root_exports_are_found() {
    #[locked("section")]
    fn function() -> Result<bool, LockError> {
        Ok(is_held())
    }

    let _alone = alone();
    assert_held_within(function());
    assert_held_within(lock_names::locked!("section", { is_held() }));
}

#[test]
fn a_local_is_dropped_before_a_temporary_in_the_tail() {
    use std::cell::RefCell;

    struct Noisy<'a>(&'a RefCell<Vec<&'static str>>, &'static str);

    impl Drop for Noisy<'_> {
        fn drop(&mut self) {
            self.0.borrow_mut().push(self.1);
        }
    }

    #[locked("section")]
    fn function(dropped: &RefCell<Vec<&'static str>>) -> Result<usize, LockError> {
        let _local = Noisy(dropped, "local");
        Ok(Noisy(dropped, "temporary").1.len())
    }

    let _alone = alone();
    let dropped = RefCell::default();
    function(&dropped).unwrap();
    assert_eq!(dropped.into_inner(), ["local", "temporary"]);
}
