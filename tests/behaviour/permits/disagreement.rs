//! Programs that give a name different numbers of permits.

use jam_lock::{LockError, LockName, Locks};

use super::{exports, name};
use crate::{folder, lock, on_another_thread};
use jam_lock_tests::child::{Child, try_in_child};

/// The numbers of permits and the process of the holder in an error about a disagreement.
fn differing(error: &LockError) -> (u32, u32, Option<u32>) {
    match error {
        LockError::PermitsDiffer { here, there, holder, .. } => (*here, *there, holder.process()),
        error => panic!("{error}"),
    }
}

#[test]
#[cfg(target_os = "linux")]
fn another_number_is_an_error_at_once_that_names_its_holder() {
    let folder = folder();
    let child = Child::holding(folder.path(), "export*3");
    for permits in [2, 5] {
        let lock = exports(folder.path(), permits);
        for result in [lock.acquire(), lock.try_acquire(), smol::block_on(lock.acquire_async())] {
            let error = result.unwrap_err();
            assert_eq!(differing(&error), (permits, 3, Some(child.id())));
            let text = error.to_string();
            assert!(text.contains(&format!(" has {permits} permits here, and 3 for its holder, ")));
        }
    }
    drop(exports(folder.path(), 3).try_acquire().unwrap());
}

#[test]
#[cfg(target_os = "linux")]
fn a_plain_lock_and_one_with_permits_are_a_disagreement() {
    let folder = folder();
    let child = Child::holding(folder.path(), "export*3");
    let plain = lock(folder.path(), "export");
    assert_eq!(differing(&plain.try_acquire().unwrap_err()), (1, 3, Some(child.id())));
    assert_eq!(differing(&plain.acquire().unwrap_err()), (1, 3, Some(child.id())));
    child.release();
    let child = Child::holding(folder.path(), "export");
    let error = exports(folder.path(), 3).acquire().unwrap_err();
    assert_eq!(differing(&error), (3, 1, Some(child.id())));
}

#[test]
#[cfg(target_os = "linux")]
fn the_number_can_change_once_nobody_holds_a_permit() {
    let folder = folder();
    for permits in [3, 5, 1, 2] {
        let children: Vec<_> = (0..permits)
            .map(|_| Child::holding(folder.path(), &format!("export*{permits}")))
            .collect();
        // Even of those that have died.
        children.into_iter().for_each(Child::kill);
    }
    assert_eq!(try_in_child(folder.path(), "export*4"), "acquired");
}

#[test]
fn locks_of_one_process_are_compared_as_well() {
    for locks in [Locks::in_memory(), Locks::open(folder().path()).unwrap()] {
        let _guard = locks.lock(name(3)).acquire().unwrap();
        let error = on_another_thread(|| locks.lock(name(2)).acquire()).unwrap_err();
        assert_eq!(differing(&error).0, 2);
        let plain = locks.lock(LockName::new("export").unwrap());
        assert_eq!(differing(&plain.try_acquire().unwrap_err()).1, 3);
    }
}
