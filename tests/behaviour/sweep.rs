//! The files of keyed names that killed processes leave behind, and how they are removed.

use std::fs;
use std::path::Path;

use jam_lock::Locks;

#[cfg(unix)]
use crate::lock_names;
use crate::{folder, lock};
use jam_lock_tests::child::Child;

fn sweep(folder: &Path) -> usize {
    Locks::open(folder).unwrap().sweep().unwrap()
}

/// How many files there are, except for the one that keeps the tokens of removed files.
fn files(folder: &Path) -> usize {
    let names = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name());
    names.filter(|name| name != ".tokens").count()
}

#[test]
fn the_files_of_a_process_killed_between_two_uses_are_removed() {
    let folder = folder();
    for id in [7, 8] {
        Child::after_use_of_customer(folder.path(), id).kill();
    }
    assert_eq!(files(folder.path()), 4);
    assert_eq!(sweep(folder.path()), 2);
    assert_eq!(files(folder.path()), 0);
    assert_eq!(sweep(folder.path()), 0);
}

#[test]
fn plain_names_and_other_files_stay() {
    let folder = folder();
    drop(lock(folder.path(), "customer_7").acquire().unwrap());
    fs::write(folder.path().join("customer_8.lock"), "").unwrap();
    fs::write(folder.path().join("customer_9.lock"), "").unwrap();
    fs::write(folder.path().join("customer_9.holder"), "kind      keyed\n").unwrap();
    assert_eq!((sweep(folder.path()), files(folder.path())), (0, 5));
}

#[test]
fn a_death_is_reported_after_a_sweep() {
    let folder = folder();
    Child::in_section(folder.path(), "x").kill();
    assert_eq!((sweep(folder.path()), files(folder.path())), (0, 2));
    assert!(lock(folder.path(), "called_x").acquire().unwrap().abandoned().is_some());
}

#[test]
fn a_held_lock_stays() {
    let folder = folder();
    // Readers are not recorded, so the record of the killed process looks left behind.
    Child::after_use_of_customer(folder.path(), 7).kill();
    let reader = Child::holding_shared(folder.path(), "customer_7");
    assert_eq!((sweep(folder.path()), files(folder.path())), (0, 2));
    reader.release();
    assert_eq!((sweep(folder.path()), files(folder.path())), (1, 0));
}

// Windows does not remove open files.
#[cfg(unix)]
#[test]
fn a_user_of_a_swept_lock_does_not_notice() {
    let folder = folder();
    let lock = Locks::open(folder.path()).unwrap().lock(lock_names::customer_id(7));
    let first = lock.acquire().unwrap().token();
    assert_eq!(sweep(folder.path()), 1);
    let guard = lock.acquire().unwrap();
    assert!(guard.token() > first && files(folder.path()) == 2);
    assert_eq!(sweep(folder.path()), 0);
}

#[cfg(unix)]
#[test]
fn the_file_of_a_process_killed_while_creating_it_is_removed() {
    let folder = folder();
    let long_ago = std::time::SystemTime::now() - std::time::Duration::from_secs(3600);
    for name in [".jam-lock-0123456789abcdef", ".jam-lock-notes"] {
        let file = fs::File::create(folder.path().join(name)).unwrap();
        file.set_modified(long_ago).unwrap();
    }
    fs::write(folder.path().join("x.lock"), "").unwrap();
    let linked = folder.path().join(".jam-lock-0123456789abcde1");
    fs::hard_link(folder.path().join("x.lock"), linked).unwrap();
    // This one may be about to be linked.
    fs::write(folder.path().join(".jam-lock-0123456789abcde0"), "").unwrap();
    assert_eq!((sweep(folder.path()), files(folder.path())), (0, 3));
    for name in [".jam-lock-notes", ".jam-lock-0123456789abcde0", "x.lock"] {
        assert!(folder.path().join(name).exists(), "{name}");
    }
}
