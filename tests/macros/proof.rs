//! `guard = …` binds a proof, whose type says which lock is held.

use std::any::type_name_of_val;
use std::mem::size_of;
use std::time::Duration;

use jam_lock::{
    DeclaredName, Held, HeldShared, LockError, LockGuard, LockName, Locks, Proof, default_locks,
    locked,
};

use crate::lock_names::{self, CustomerId, Inner, Section, ShopShopAccount};
use crate::section::{alone, block_on, is_held, is_held_in};

/// Runs only under the lock `section`.
fn recount(held: &Held<Section>) -> bool {
    held.name() == &lock_names::SECTION && is_held()
}

/// Runs only under the lock `section`, of a writer or a reader.
fn total(held: &HeldShared<Section>) -> bool {
    held.name() == &lock_names::SECTION && is_held()
}

/// Runs under any lock.
fn log(guard: &LockGuard) -> &LockName {
    guard.name()
}

#[test]
fn a_type_for_each_name() {
    assert_eq!(Section::NAME, "section");
    assert_eq!(lock_names::CopyingDatabase::NAME, "$copying database");
    assert_eq!(lock_names::_2026Budget::NAME, "2026 budget");
    assert_eq!(lock_names::Zápis::NAME, "zápis");
    assert_eq!(CustomerId::NAME, "customer_{id}");
    assert_eq!(ShopShopAccount::NAME, "Shop {shop}.{account}");
}

#[test]
fn a_proof_is_a_guard_in_memory() {
    assert_eq!(size_of::<Held<Section>>(), size_of::<LockGuard>());
    assert_eq!(size_of::<HeldShared<Section>>(), size_of::<LockGuard>());
    assert_eq!(size_of::<Option<Held<Section>>>(), size_of::<Option<LockGuard>>());
}

#[test]
fn a_section_binds_the_proof_of_its_lock() {
    #[locked("section", guard = held)]
    fn function() -> Result<bool, LockError> {
        Ok(recount(held) && log(held) == &lock_names::SECTION)
    }

    #[locked("section", guard = held)]
    async fn asynchronous() -> Result<bool, LockError> {
        tokio::task::yield_now().await;
        Ok(recount(held))
    }

    let _alone = alone();
    assert!(function().unwrap());
    assert!(block_on(asynchronous()).unwrap());
    assert!(locked!("section", guard = held, { recount(held) }).unwrap());
    assert!(block_on(locked!("section", guard = held, async { recount(held) })).unwrap());
}

#[test]
fn a_parameter_may_be_any_proof_of_a_lock() {
    fn run(proof: impl Proof<Section>) -> bool {
        recount(&proof)
    }

    let _alone = alone();
    assert!(locked!("section", guard = held, { run(held) }).unwrap());
}

#[test]
fn a_reader_proves_that_nobody_writes() {
    #[locked("section", shared, guard = held)]
    fn function() -> Result<bool, LockError> {
        Ok(total(held))
    }

    let _alone = alone();
    assert!(function().unwrap());
    let name = locked!("section", shared, guard = held, { type_name_of_val(held) }).unwrap();
    assert!(name.contains("HeldShared<"), "{name}");
}

#[test]
fn a_writer_proves_that_nobody_else_writes() {
    let _alone = alone();
    assert!(locked!("section", guard = held, { total(held) }).unwrap());
}

#[test]
fn an_inner_section_proves_the_lock_of_the_outer_one() {
    #[locked("section", reentrant, guard = held)]
    fn inner() -> Result<(u64, bool), LockError> {
        Ok((held.token(), recount(held)))
    }

    let _alone = alone();
    let (outer, inner) =
        locked!("section", guard = held, { (held.token(), inner().unwrap()) }).unwrap();
    assert_eq!(inner, (outer, true));
}

#[test]
fn a_keyed_name_proves_its_template() {
    fn bill(held: &Held<CustomerId>) -> LockName {
        held.name().clone()
    }

    #[locked("customer_{owner}", guard = held)]
    fn function(owner: &str) -> Result<LockName, LockError> {
        Ok(bill(held))
    }

    let _alone = alone();
    assert_eq!(function("ann").unwrap(), lock_names::customer_id("ann"));
    // The value has no size.
    let owner = "bob, the second";
    let name = locked!("customer_{owner}", owner = owner[..3], guard = held, { bill(held) });
    assert_eq!(name.unwrap(), lock_names::customer_id("bob"));
}

#[test]
fn several_names_are_proved_in_the_order_in_which_they_are_written() {
    fn both(section: &Held<Section>, inner: &Held<Inner>) -> bool {
        recount(section) && inner.name() == &lock_names::INNER
    }

    #[locked("inner", "section", guard = held)]
    fn function() -> Result<bool, LockError> {
        let (inner, section) = held;
        Ok(both(section, inner))
    }

    #[locked("section", "inner", guard = held)]
    async fn asynchronous() -> Result<bool, LockError> {
        tokio::task::yield_now().await;
        Ok(both(held.0, held.1))
    }

    let _alone = alone();
    assert!(function().unwrap());
    assert!(block_on(asynchronous()).unwrap());
    assert!(locked!("inner", "section", guard = held, { both(held.1, held.0) }).unwrap());
    let shared = locked!("inner", "section", shared, guard = held, { total(held.1) });
    assert!(shared.unwrap());
    assert!(!is_held());
}

#[test]
fn equal_names_share_one_proof() {
    fn same(from: &Held<CustomerId>, to: &Held<CustomerId>) -> bool {
        std::ptr::eq(from, to)
    }

    let _alone = alone();
    let (from, to) = (7, 7);
    let is_same =
        locked!("customer_{from}", "customer_{to}", guard = held, { same(held.0, held.1) });
    assert!(is_same.unwrap());
    let to = 8;
    let is_same =
        locked!("customer_{from}", "customer_{to}", guard = held, { same(held.0, held.1) });
    assert!(!is_same.unwrap());
}

#[test]
fn an_expression_gives_a_guard_beside_the_proofs() {
    let _alone = alone();
    let name = lock_names::SECTION;
    let is_proved = locked!(name, "inner", "section", guard = held, {
        let (guard, inner, section) = held;
        recount(section) && log(guard) == section.name() && log(inner) == &lock_names::INNER
    });
    assert!(is_proved.unwrap());
    let text = locked!(name, guard = held, { log(held).to_string() });
    assert_eq!(text.unwrap(), "section");
}

#[test]
fn several_names_are_released_even_if_the_body_panics() {
    let _alone = alone();
    let panicked = std::panic::catch_unwind(|| {
        let result: Result<(), LockError> = locked!("section", "inner", guard = held, {
            assert!(recount(held.0));
            panic!("inside of the section")
        });
        result
    });
    assert!(panicked.is_err());
    assert!(!is_held());
    assert!(Inner::lock().unwrap().try_acquire().is_ok());
}

#[test]
fn a_lock_can_be_acquired_by_its_type() {
    let _alone = alone();
    let held = Section::lock().unwrap().timeout(10).acquire().unwrap();
    assert!(recount(&held) && total(&held));
    let error = Section::lock().unwrap().try_acquire().unwrap_err();
    assert!(error.is_timeout());
    held.release().unwrap();
    let held = Section::lock().unwrap().shared().acquire().unwrap();
    assert!(total(&held));
    assert!(Section::lock().unwrap().shared().try_acquire().is_ok());
    drop(held);
    let held = block_on(Section::lock().unwrap().acquire_async()).unwrap();
    assert!(recount(&held));
    drop(held);
    assert!(!is_held());
}

#[test]
fn a_lock_of_other_locks_can_be_acquired_by_its_type() {
    let locks = Locks::in_memory();
    let section = Section::lock_in(&locks).acquire().unwrap();
    assert!(is_held_in(&locks));
    assert_eq!(log(&section), &lock_names::SECTION);
    let held = ShopShopAccount::lock_in(&locks, 'a', 7).acquire();
    assert_eq!(held.unwrap().name().as_str(), "Shop a.7");
}

#[test]
fn a_detached_proof_moves_to_another_thread() {
    let _alone = alone();
    let held = Section::lock().unwrap().acquire().unwrap().detach();
    // It would be an error at once if this thread counted as its owner.
    let limit = Duration::from_millis(1);
    assert!(Section::lock().unwrap().timeout(limit).acquire().unwrap_err().is_timeout());
    let recounted = std::thread::spawn(move || recount(&held)).join();
    assert!(recounted.unwrap());
    assert!(default_locks().unwrap().lock(lock_names::SECTION).try_acquire().is_ok());
}

#[test]
fn the_holder_of_a_lock_that_was_acquired_by_its_type_is_the_caller() {
    let _alone = alone();
    let lock = Section::lock().unwrap();
    let line = line!() + 1;
    let held = lock.acquire().unwrap();
    assert_eq!(lock.holder().and_then(|holder| holder.line()), Some(line));
    drop(held);
}
