//! What a user without rights can do with files and folders of others.

#![cfg(target_os = "linux")]

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::folder;
use jam_lock_tests::peers::{self, Peer, program};
use jam_lock_tests::postgres::as_nobody;

/// What an unprivileged process is told that tries the lock.
fn tried_by_nobody(folder: &Path) -> String {
    done_by_nobody(folder, "try")
}

/// What an unprivileged process says that was to do something with the lock.
fn done_by_nobody(folder: &Path, what: &str) -> String {
    // The program may lie where only its owner can go. Another process copies it: a child that is
    // being started here meanwhile would have it open for writing, and it could not be executed.
    let copy = folder.join("peer");
    assert!(Command::new("cp").arg(program()).arg(&copy).status().unwrap().success());
    let mut order = as_nobody(&copy);
    peers::said(&peers::run(order.arg(what).arg(folder.join("locks")).arg("x")))
}

/// A folder that everybody may look into, with `locks` in it, which has the mode.
fn folder_with_mode(mode: u32) -> (tempfile::TempDir, PathBuf) {
    let folder = folder();
    fs::set_permissions(folder.path(), Permissions::from_mode(0o755)).unwrap();
    let locks = folder.path().join("locks");
    fs::create_dir(&locks).unwrap();
    fs::set_permissions(&locks, Permissions::from_mode(mode)).unwrap();
    (folder, locks)
}

fn file_with_mode(path: &Path, mode: u32) {
    fs::write(path, "").unwrap();
    fs::set_permissions(path, Permissions::from_mode(mode)).unwrap();
}

#[test]
fn a_read_only_folder() {
    let (folder, locks) = folder_with_mode(0o555);
    let answer = tried_by_nobody(folder.path());
    let path = locks.join("x.lock");
    let expected = format!("cannot create the lock file {}: Permission denied", path.display());
    assert!(answer.starts_with(&expected), "{answer}");
}

#[test]
fn a_read_only_file() {
    let (folder, locks) = folder_with_mode(0o777);
    let path = locks.join("x.lock");
    file_with_mode(&path, 0o444);
    let answer = tried_by_nobody(folder.path());
    let expected = format!("cannot open the lock file {}: Permission denied", path.display());
    assert!(answer.starts_with(&expected), "{answer}");
}

#[test]
fn a_file_of_another_user_in_a_sticky_folder_can_be_locked() {
    let (folder, locks) = folder_with_mode(0o1777);
    file_with_mode(&locks.join("x.lock"), 0o666);
    assert_eq!(tried_by_nobody(folder.path()), "acquired");
}

#[test]
fn a_death_that_another_user_has_recorded_is_told_and_recovered_from() {
    let (folder, locks) = folder_with_mode(0o777);
    file_with_mode(&locks.join("x.lock"), 0o666);
    let peer = Peer::holding(&locks, "x");
    fs::set_permissions(locks.join("x.holder"), Permissions::from_mode(0o444)).unwrap();
    let told = format!("peer (pid {}) on ", peer.id());
    peer.kill();
    let answer = done_by_nobody(folder.path(), "abandoned");
    assert!(answer.starts_with(&told), "{answer}");
    assert_eq!(done_by_nobody(folder.path(), "abandoned"), "nobody");
}

#[test]
fn where_it_can_be_neither_written_nor_replaced_the_death_stays_and_that_can_be_seen() {
    // In a sticky folder another user's file cannot be replaced.
    let (folder, locks) = folder_with_mode(0o1777);
    file_with_mode(&locks.join("x.lock"), 0o666);
    Peer::holding(&locks, "x").kill();
    for _ in 0..2 {
        let answer = done_by_nobody(folder.path(), "abandoned");
        assert!(answer.starts_with("peer (pid "), "{answer}");
    }
    let answer = done_by_nobody(folder.path(), "record error");
    assert!(answer.starts_with("cannot write the holder record "), "{answer}");
    assert!(answer.ends_with("move it away"), "{answer}");
}

#[test]
fn a_record_of_another_user_that_cannot_be_read_or_written_is_done_without() {
    for mode in [0o000, 0o444] {
        let (folder, locks) = folder_with_mode(0o1777);
        file_with_mode(&locks.join("x.lock"), 0o666);
        file_with_mode(&locks.join("x.holder"), mode);
        assert_eq!(tried_by_nobody(folder.path()), "acquired");
        assert_eq!(fs::read(locks.join("x.holder")).unwrap(), b"");
    }
}
