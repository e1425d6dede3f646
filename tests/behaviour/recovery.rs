//! Sections that recover after the death of the last holder.

use std::panic::{self, AssertUnwindSafe};
use std::sync::atomic::{AtomicU32, Ordering};

use jam_lock::{Holder, LockError, LockGuard, LockName, Locks, locked};

use super::abandonment::{abandoned_by, die_with_first, locks};
use crate::{folder, lock, lock_names};
use jam_lock_tests::child::Child;
use jam_lock_tests::order::Order;

#[test]
fn recovery_runs_once_before_the_body_with_the_record_of_the_dead_holder() {
    static RECOVERED: AtomicU32 = AtomicU32::new(0);

    fn repair(holder: &Holder) -> Result<(), LockError> {
        RECOVERED.fetch_add(1, Ordering::SeqCst);
        let is_right = holder.function() == Some("on_apply");
        if is_right { Ok(()) } else { Err(LockName::new("").unwrap_err()) }
    }

    #[locked("first", locks = locks, recover = repair)]
    fn section(locks: &Locks) -> Result<u32, LockError> {
        Ok(RECOVERED.load(Ordering::SeqCst))
    }

    let folder = folder();
    assert_eq!(section(&locks(folder.path())).unwrap(), 0);
    die_with_first(folder.path());
    assert_eq!(section(&locks(folder.path())).unwrap(), 1);
    assert_eq!(section(&locks(folder.path())).unwrap(), 1);
}

#[test]
fn a_failed_recovery_is_the_functions_error_and_the_next_holder_recovers() {
    #[locked("first", locks = locks, recover = |_: &Holder| result)]
    fn section(
        locks: &Locks,
        result: Result<(), std::fmt::Error>,
    ) -> Result<u32, Box<dyn std::error::Error>> {
        Ok(7)
    }

    let folder = folder();
    let locks = locks(folder.path());
    die_with_first(folder.path());
    for _ in 0..2 {
        let error = section(&locks, Err(std::fmt::Error)).unwrap_err();
        assert!(error.is::<std::fmt::Error>(), "{error}");
    }
    // They learn of the first death.
    assert_eq!(abandoned_by(folder.path(), "first").unwrap().function(), Some("on_apply"));
    assert_eq!(section(&locks, Err(std::fmt::Error)).unwrap(), 7);
}

#[test]
fn a_recovery_that_panics_leaves_the_lock_abandoned() {
    #[locked("first", locks = locks, recover = |_| -> Result<(), LockError> { panic!("no way") })]
    fn section(locks: &Locks) -> Result<(), LockError> {
        Ok(())
    }

    let folder = folder();
    die_with_first(folder.path());
    let locks = locks(folder.path());
    assert!(panic::catch_unwind(AssertUnwindSafe(|| section(&locks))).is_err());
    assert_eq!(abandoned_by(folder.path(), "first").unwrap().function(), Some("on_apply"));
}

#[test]
fn a_death_during_recovery_leaves_the_first_death_to_the_next_holder() {
    let folder = folder();
    die_with_first(folder.path());
    for _ in 0..2 {
        Child::spawn(&Order::RecoverSection { folder: folder.path() }).after("held").kill();
    }
    assert_eq!(abandoned_by(folder.path(), "first").unwrap().function(), Some("on_apply"));
    assert_eq!(abandoned_by(folder.path(), "first"), None);
}

#[test]
fn consecutive_failed_recoveries_leave_the_first_death_to_the_next_holder() {
    let folder = folder();
    die_with_first(folder.path());
    let lock = lock(folder.path(), "first");
    let fails = |guard: &LockGuard| {
        assert_eq!(guard.abandoned().and_then(Holder::function), Some("on_apply"));
        guard.mark_abandoned();
    };
    let guard = lock.acquire().unwrap();
    let mut next = Box::pin(lock.acquire_async());
    assert!(smol::block_on(smol::future::poll_once(&mut next)).is_none());
    fails(&guard);
    drop(guard);
    // It is handed off within the process.
    fails(&smol::block_on(next).unwrap());
    drop(lock);
    assert_eq!(abandoned_by(folder.path(), "first").unwrap().function(), Some("on_apply"));
}

#[test]
fn a_section_with_recovery_does_not_run_if_a_death_may_be_hidden() {
    #[locked("first", locks = locks, recover = |_| -> Result<(), LockError> { Ok(()) })]
    fn section(locks: &Locks) -> Result<u32, LockError> {
        Ok(7)
    }

    #[locked("first", "second", locks = locks, recover = |_| -> Result<(), LockError> { Ok(()) })]
    async fn both(locks: &Locks) -> Result<u32, LockError> {
        Ok(7)
    }

    let folder = folder();
    let locks = locks(folder.path());
    die_with_first(folder.path());
    let record = folder.path().join("first.holder");
    let moved = folder.path().join("moved");
    std::fs::rename(&record, &moved).unwrap();
    std::fs::write(&record, "my notes").unwrap();
    for result in [section(&locks), smol::block_on(both(&locks))] {
        let error = result.unwrap_err();
        assert!(matches!(error, LockError::Io { .. }), "{error}");
        assert!(error.to_string().starts_with("cannot read the holder record "), "{error}");
        // Windows adds a prefix to the path.
        assert!(error.to_string().contains(&format!("{}: ", record.display())), "{error}");
    }
    assert!(locks.lock(lock_names::FIRST).acquire().unwrap().record_error().is_some());
    std::fs::rename(&moved, &record).unwrap();
    assert_eq!(abandoned_by(folder.path(), "first").unwrap().function(), Some("on_apply"));
    assert_eq!(section(&locks).unwrap(), 7);
}

#[test]
fn blocks_and_tasks_recover_too() {
    async fn section(locks: &Locks, recovered: &AtomicU32) -> Result<u32, LockError> {
        let repair = |_: &Holder| -> Result<(), LockError> {
            recovered.fetch_add(1, Ordering::SeqCst);
            Ok(())
        };
        let section = locked!("first", locks = locks, recover = repair, async {
            Ok::<_, LockError>(recovered.load(Ordering::SeqCst))
        });
        section.await?
    }

    #[locked("first", "second", locks = locks, recover = |_| recover(recovered), guard = held)]
    async fn both(locks: &Locks, recovered: &AtomicU32) -> Result<bool, LockError> {
        assert_eq!(recovered.load(Ordering::SeqCst), 3);
        Ok(held.0.abandoned().is_some() && held.1.abandoned().is_none())
    }

    fn recover(recovered: &AtomicU32) -> Result<(), LockError> {
        let is_too_often = recovered.fetch_add(1, Ordering::SeqCst) == 3;
        if is_too_often { Err(LockName::new("").unwrap_err()) } else { Ok(()) }
    }

    fn block(locks: &Locks, recovered: &AtomicU32) -> Result<u32, LockError> {
        locked!("first", locks = locks, recover = |_| recover(recovered), {
            recovered.load(Ordering::SeqCst)
        })
    }

    let (folder, recovered) = (folder(), AtomicU32::new(0));
    let locks = locks(folder.path());
    die_with_first(folder.path());
    assert_eq!(block(&locks, &recovered).unwrap(), 1);
    die_with_first(folder.path());
    assert_eq!(smol::block_on(section(&locks, &recovered)).unwrap(), 2);
    die_with_first(folder.path());
    assert!(smol::block_on(both(&locks, &recovered)).unwrap());
    assert_eq!(abandoned_by(folder.path(), "first"), None);
}

#[test]
fn a_section_with_recovery_is_unsupported_where_deaths_are_not_recorded() {
    #[locked("first", locks = locks, recover = |_| -> Result<(), LockError> { Ok(()) })]
    fn section(locks: &Locks) -> Result<(), LockError> {
        Ok(())
    }

    #[locked("first", "second", locks = locks, recover = |_| -> Result<(), LockError> { Ok(()) })]
    async fn both(locks: &Locks) -> Result<(), LockError> {
        Ok(())
    }

    let folder = folder();
    let locks = Locks::builder().folder(folder.path()).record_holders(false).open().unwrap();
    for result in [section(&locks), smol::block_on(both(&locks))] {
        let error = result.unwrap_err();
        assert!(matches!(error, LockError::Unsupported { what: "`recover`", .. }), "{error}");
    }
}
