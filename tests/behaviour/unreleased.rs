//! Locks that were granted although their holder lives and has not released them.

use std::fs;
use std::path::Path;
use std::process::Command;

use jam_lock::{Holder, LockError, Locks, State, locked};

use super::abandonment::{abandoned_by, locks};
use crate::{folder, lock, lock_names, on_another_thread};
use jam_lock_tests::child::Child;
use jam_lock_tests::mounts::Mount;
use jam_lock_tests::order::Order;

/// The holder that has not released the lock, as the next holder sees it.
fn unreleased_by(folder: &Path, name: &str) -> Option<Holder> {
    on_another_thread(|| lock(folder, name).try_acquire().unwrap().unreleased().cloned())
}

/// Checks that the process is not shown as dead to the next holder at this path.
fn assert_lives(child: &Child, path: &Path) {
    let holder = unreleased_by(path, "x").expect("it lives");
    assert!(holder.has_not_released());
    assert_eq!(holder.process(), Some(child.id()));
}

#[test]
fn a_holder_whose_file_was_removed_has_not_died() {
    let folder = folder();
    let child = Child::holding(folder.path(), "x");
    fs::remove_file(folder.path().join("x.lock")).unwrap();
    let guard = lock(folder.path(), "x").try_acquire().unwrap();
    assert_eq!(guard.unreleased().and_then(Holder::process), Some(child.id()));
    assert_eq!(guard.abandoned(), None);
}

#[test]
fn every_reader_learns_of_it_until_a_writer_has_had_the_lock() {
    let folder = folder();
    let _child = Child::holding(folder.path(), "x");
    fs::remove_file(folder.path().join("x.lock")).unwrap();
    for _ in 0..2 {
        assert!(lock(folder.path(), "x").shared().acquire().unwrap().unreleased().is_some());
    }
    assert!(unreleased_by(folder.path(), "x").is_some());
    assert_eq!(unreleased_by(folder.path(), "x"), None);
}

#[test]
fn a_holder_of_a_removed_file_that_is_killed_has_died() {
    let folder = folder();
    let child = Child::holding(folder.path(), "x");
    fs::remove_file(folder.path().join("x.lock")).unwrap();
    let id = child.id();
    child.kill();
    let guard = lock(folder.path(), "x").try_acquire().unwrap();
    assert_eq!(guard.abandoned().and_then(Holder::process), Some(id));
    assert!(!guard.abandoned().unwrap().has_not_released());
    assert_eq!(guard.unreleased(), None);
}

#[test]
fn an_earlier_death_is_reported_beside_it() {
    let folder = folder();
    let first = Child::holding(folder.path(), "x");
    let died = first.id();
    first.kill();
    let second = Child::holding(folder.path(), "x");
    fs::remove_file(folder.path().join("x.lock")).unwrap();
    let guard = lock(folder.path(), "x").try_acquire().unwrap();
    assert_eq!(guard.abandoned().and_then(Holder::process), Some(died));
    assert_eq!(guard.unreleased().and_then(Holder::process), Some(second.id()));
}

#[test]
fn a_process_that_has_executed_another_program_has_abandoned_the_lock() {
    let folder = folder();
    let order = Order::HoldAndExecute { folder: folder.path(), name: "x" };
    let child = Child::spawn(&order).after("executed");
    assert_eq!(abandoned_by(folder.path(), "x").and_then(|it| it.process()), Some(child.id()));
}

#[test]
fn recovery_learns_which_of_the_two_it_is() {
    #[locked("first", locks = locks, recover = |holder: &Holder| {
        if holder.has_not_released() { Err(std::fmt::Error) } else { Ok(()) }
    })]
    fn section(locks: &Locks) -> Result<u32, Box<dyn std::error::Error>> {
        Ok(7)
    }

    let folder = folder();
    let locks = locks(folder.path());
    let child = Child::spawn(&Order::RunSection { folder: folder.path() }).after("held");
    fs::remove_file(folder.path().join("first.lock")).unwrap();
    assert!(section(&locks).unwrap_err().is::<std::fmt::Error>());
    // The recovery has failed.
    assert_eq!(section(&locks).unwrap(), 7);
    assert_eq!(section(&locks).unwrap(), 7);
    drop(child);
    assert_eq!(abandoned_by(folder.path(), lock_names::FIRST.as_str()), None);
}

#[test]
fn a_living_holder_is_not_shown_as_dead() {
    let folder = folder();
    let child = Child::holding(folder.path(), "x");
    fs::remove_file(folder.path().join("x.lock")).unwrap();
    let check = |state: State| {
        let all = Locks::open(folder.path()).unwrap().list().unwrap();
        for status in [lock(folder.path(), "x").status().unwrap(), all[0].clone()] {
            assert_eq!((status.state(), status.abandoned()), (state, None));
            assert_eq!(status.unreleased().and_then(Holder::process), Some(child.id()));
        }
    };
    check(State::Free);
    fs::write(folder.path().join("x.lock"), "").unwrap();
    check(State::Free);
    let _other = Child::flock(&folder.path().join("x.lock"), "-x");
    check(State::Writer);
}

#[test]
fn a_holder_in_the_folder_that_this_is_a_copy_of_has_not_died() {
    let [folder, copies] = [folder(), folder()];
    let child = Child::holding(folder.path(), "x");
    let copy = copies.path().join("copy");
    let status = Command::new("cp").arg("-a").args([folder.path(), &copy]).status().unwrap();
    assert!(status.success());
    assert_lives(&child, &copy);
}

#[test]
fn a_holder_in_the_subvolume_that_this_is_a_snapshot_of_has_not_died() {
    let Some(mount) = Mount::btrfs() else { return };
    let [locks, snapshot] = ["locks", "snapshot"].map(|name| mount.path().join(name));
    let btrfs = |arguments: &[&str], paths: &[&Path]| {
        let status = Command::new("btrfs").args(arguments).args(paths).output().unwrap().status;
        assert!(status.success(), "{arguments:?}");
    };
    btrfs(&["subvolume", "create"], &[&locks]);
    let child = Child::holding(&locks, "x");
    btrfs(&["subvolume", "snapshot"], &[&locks, &snapshot]);
    assert_lives(&child, &snapshot);
}

#[test]
fn a_holder_at_another_mount_of_the_folder_has_not_died() {
    let folder = folder();
    let Some(mount) = Mount::bindfs(folder.path(), &[]) else { return };
    assert_lives(&Child::holding(mount.path(), "x"), folder.path());
    assert_lives(&Child::holding(folder.path(), "x"), mount.path());
}

#[test]
fn this_process_itself_may_be_the_holder_that_has_not_released_the_lock() {
    let folder = folder();
    let Some(mount) = Mount::bindfs(folder.path(), &[]) else { return };
    let here = lock(folder.path(), "x").acquire().unwrap();
    let guard = on_another_thread(|| lock(mount.path(), "x").try_acquire().unwrap().detach());
    assert_eq!(guard.unreleased().and_then(Holder::process), Some(std::process::id()));
    assert_eq!(guard.abandoned(), None);
    drop((guard, here));
    let again: Result<_, LockError> = lock(mount.path(), "x").try_acquire();
    assert_eq!(again.unwrap().unreleased(), None);
}
