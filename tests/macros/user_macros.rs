//! The macros work inside users' own macros.

use jam_lock::{LockError, locked};

use crate::section::{alone, assert_held_within, is_held};

macro_rules! job {
    ($name:ident, $lock:literal, $parameter:ident: $ty:ty, $timeout:expr, $value:expr) => {
        #[locked($lock, timeout = $timeout)]
        fn $name($parameter: $ty, other: String) -> Result<bool, LockError> {
            assert!(other.is_empty());
            Ok(is_held() && $value)
        }
    };
}

job!(with_a_literal, "section", number: u8, 10, number == 1);
job!(with_an_expression, "section", number: u8, std::time::Duration::MAX, number == 1);

macro_rules! in_section {
    ($name:expr, $block:block) => {
        locked!($name, timeout = 10, $block)
    };
    ($value:expr) => {
        locked!("section", { $value })
    };
}

#[test]
fn a_function_from_a_macro_is_locked() {
    let _alone = alone();
    assert_held_within(with_a_literal(1, String::new()));
    assert_held_within(with_an_expression(1, String::new()));
}

#[test]
fn a_block_from_a_macro_is_locked() {
    let _alone = alone();
    assert_held_within(in_section!(is_held()));
    assert_held_within(in_section!("section", { is_held() }));
    assert_held_within(in_section!(crate::lock_names::SECTION, { is_held() }));
}
