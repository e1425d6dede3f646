//! What is shown of locks that a file system in user space forwards, so that the system lists only the
//! process that serves it.

use std::path::Path;

use jam_lock::{Holder, Locks, State, Status};

use super::holder;
use crate::{folder, lock};
use jam_lock_tests::child::Child;
use jam_lock_tests::mounts::Mount;
use jam_lock_tests::observe::{blocked_on, wait_until};

/// A mount that forwards locks to the file system of `source`.
fn forwarding(source: &Path) -> Option<Mount> {
    Mount::bindfs(source, &["--multithreaded", "--enable-lock-forwarding"])
}

fn only(folder: &Path) -> Status {
    let mut found = Locks::open(folder).unwrap().list().unwrap();
    assert_eq!(found.len(), 1, "{found:?}");
    found.remove(0)
}

#[test]
fn a_lock_that_readers_may_hold_is_not_shown_as_free() {
    let folder = folder();
    let Some(mount) = forwarding(folder.path()) else { return };
    let reader = Child::holding_shared(mount.path(), "x");
    assert_eq!((only(mount.path()).state(), only(mount.path()).waiting()), (State::NoWriter, None));
    assert_eq!(lock(mount.path(), "x").status().unwrap().state(), State::NoWriter);
    reader.release();
    assert_eq!(only(mount.path()).state(), State::NoWriter);
}

#[test]
fn the_number_of_waiters_is_not_known() {
    let folder = folder();
    let Some(mount) = forwarding(folder.path()) else { return };
    let holds = Child::holding(mount.path(), "x");
    let waits = Child::waiting_in_flock(&mount.path().join("x.lock"), "-x");
    wait_until("it waits", || blocked_on(&folder.path().join("x.lock")) == 1);
    let status = only(mount.path());
    // Nothing interrupts the one that waits.
    holds.release();
    waits.after("held").release();
    assert_eq!((status.state(), status.waiting()), (State::Writer, None));
}

#[test]
fn the_process_that_serves_the_file_system_is_not_named_as_the_holder() {
    let folder = folder();
    let Some(mount) = forwarding(folder.path()) else { return };
    let holds = Child::flock(&mount.path().join("x.lock"), "-x");
    for path in [folder.path(), mount.path()] {
        assert_eq!(holder(&lock(path, "x")), None);
        assert_eq!((only(path).state(), only(path).holder()), (State::Writer, None));
    }
    holds.release();
}

#[test]
fn a_recorded_holder_is_named_as_long_as_it_lives() {
    let folder = folder();
    let Some(mount) = forwarding(folder.path()) else { return };
    let holds = Child::holding(mount.path(), "x");
    for path in [folder.path(), mount.path()] {
        assert_eq!(holder(&lock(path, "x")).and_then(|it| it.process()), Some(holds.id()));
        assert_eq!(only(path).holder().and_then(Holder::process), Some(holds.id()));
    }
    holds.kill();
    let holds = Child::flock(&mount.path().join("x.lock"), "-x");
    for path in [folder.path(), mount.path()] {
        assert_eq!(holder(&lock(path, "x")), None);
        assert_eq!((only(path).state(), only(path).holder()), (State::Writer, None));
    }
    holds.release();
}

#[test]
fn a_lock_that_is_not_forwarded_is_shown_as_on_any_file_system() {
    let folder = folder();
    let Some(mount) = Mount::bindfs(folder.path(), &[]) else { return };
    let holds = Child::flock(&mount.path().join("x.lock"), "-x");
    let status = only(mount.path());
    assert_eq!((status.state(), status.waiting()), (State::Writer, Some(0)));
    assert_eq!(status.holder().and_then(Holder::process), Some(holds.id()));
    holds.release();
    // From inside a container, readers would not be seen on either.
    let [here, there] = [mount.path(), folder.path()].map(only);
    assert_eq!((here.state(), here.waiting()), (there.state(), there.waiting()));
}

#[test]
fn a_holder_on_btrfs_is_named_although_the_system_lists_another_device() {
    let Some(mount) = Mount::btrfs() else { return };
    let holds = Child::flock(&mount.path().join("x.lock"), "-x");
    let process = || holder(&lock(mount.path(), "x")).and_then(|it| it.process());
    wait_until("it is named", || process() == Some(holds.id()));
    assert_eq!(only(mount.path()).holder().and_then(Holder::process), Some(holds.id()));
    holds.release();
}
