//! The module that `lock_names!` generates.

use crate::lock_names;

#[test]
fn a_constant_for_each_name() {
    assert_eq!(lock_names::SECTION.as_str(), "section");
    assert_eq!(lock_names::COPYING_DATABASE.as_str(), "$copying database");
    assert_eq!(lock_names::_2026_BUDGET.as_str(), "2026 budget");
    assert_eq!(lock_names::ZÁPIS.as_str(), "zápis");
}

#[test]
fn a_list_in_the_order_of_declaration() {
    assert_eq!(
        lock_names::list(),
        [
            "section",
            "inner",
            "$copying database",
            "2026 budget",
            "zápis",
            "customer_{id}",
            "Shop {shop}.{account}",
            "export",
            "printer_{id}"
        ]
    );
}

#[test]
fn a_name_has_the_permits_that_are_declared() {
    assert_eq!(lock_names::EXPORT.permits(), 3);
    assert_eq!(lock_names::printer_id(7).permits(), 2);
    assert_eq!(lock_names::SECTION.permits(), 1);
}

#[test]
fn equal_names_of_two_crates_are_the_same() {
    assert_eq!(lock_names::SECTION, jam_lock_tests::lock_names::SECTION);
}

#[test]
fn run_time_and_compile_time_use_the_same_rules() {
    let at_run_time = include_str!("../../jam-lock/src/name/portable.rs");
    let at_compile_time = include_str!("../../jam-lock-macros/src/portable.rs");
    assert!(at_run_time == at_compile_time, "the two copies of portable.rs differ");
}
