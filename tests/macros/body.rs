//! However a body ends, the lock is released.

use std::panic;

use jam_lock::{LockError, locked};

use crate::section::{alone, assert_held_within, is_held};

#[test]
fn an_early_return_releases_the_lock() {
    #[locked("section")]
    fn function(early: bool) -> Result<bool, LockError> {
        if early {
            return Ok(is_held());
        }
        Ok(false)
    }

    let _alone = alone();
    assert_held_within(function(true));
}

#[test]
fn a_question_mark_releases_the_lock() {
    #[locked("section")]
    fn function(text: &str) -> Result<u8, Box<dyn std::error::Error>> {
        Ok(text.parse::<u8>()?)
    }

    let _alone = alone();
    assert!(function("none").is_err());
    assert!(!is_held());
}

#[test]
fn a_panic_releases_the_lock() {
    #[locked("section")]
    fn function() -> Result<(), LockError> {
        panic::resume_unwind(Box::new(is_held()));
    }

    let _alone = alone();
    let held = panic::catch_unwind(function).expect_err("the body panics");
    assert_eq!(held.downcast_ref(), Some(&true));
    assert!(!is_held());
}

#[test]
#[rustfmt::skip]
fn a_body_may_be_short() {
    #[locked("section")]
    fn function(number: u8) -> Result<u8, LockError> { Ok(number) }

    #[locked("section", or_else = |_| ())]
    fn nothing(_number: u8) {}

    let _alone = alone();
    assert_eq!(function(1).unwrap(), 1);
    nothing(1);
    locked!("section", {}).unwrap();
}

#[test]
fn a_body_cannot_see_variables_of_the_macro() {
    #[locked("section")]
    fn function() -> Result<u8, LockError> {
        let (guard, error, borrowed) = (1, 2, 3);
        Ok(guard + error + borrowed)
    }

    let _alone = alone();
    let (guard, error) = (1, 2);
    let sum = locked!("section", { guard + error }).unwrap();
    assert_eq!(function().unwrap(), sum + 3);
}
