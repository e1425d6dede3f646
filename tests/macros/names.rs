//! What `lock_names!` makes.

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
            "Shop {shop}.{account}"
        ]
    );
}

#[test]
fn names_of_two_crates_that_read_the_same_are_the_same() {
    assert_eq!(lock_names::SECTION, jam_lock_tests::lock_names::SECTION);
}
