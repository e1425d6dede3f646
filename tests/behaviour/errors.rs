//! What cannot be locked is an error at once: it says what is wrong where, and leaves nothing.

#![cfg(target_os = "linux")]

use std::fs::{self, Permissions};
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use jam_lock::{LockError, LockName, Locks};

use crate::{folder, lock};
use jam_lock_tests::peers::{self, program};

/// A user without rights, and the group of that kind.
const NOBODY: u32 = 65_534;

/// The error of an attempt; a second one shows that the first has changed nothing, and that what
/// was in the way can be taken away.
fn refused(folder: &Path, in_the_way: &Path) -> LockError {
    let lock = lock(folder, "x");
    lock.acquire().unwrap_err();
    let error = lock.try_acquire().unwrap_err();
    if in_the_way.is_dir() && !in_the_way.is_symlink() {
        fs::remove_dir(in_the_way).unwrap();
    } else {
        fs::remove_file(in_the_way).unwrap();
    }
    drop(lock.try_acquire().unwrap());
    error
}

/// What the error calls the thing in the lock file's place.
fn found(error: &LockError) -> &'static str {
    match error {
        LockError::NotAFile { found, .. } => found,
        other => panic!("{other}"),
    }
}

#[test]
fn a_folder_in_the_place_of_the_file() {
    let folder = folder();
    let path = folder.path().join("x.lock");
    fs::create_dir(&path).unwrap();
    assert_eq!(found(&refused(folder.path(), &path)), "a folder");
}

#[test]
fn a_symbolic_link_whose_target_is_left_alone() {
    let folder = folder();
    let (victim, path) = (folder.path().join("victim"), folder.path().join("x.lock"));
    fs::write(&victim, "precious").unwrap();
    symlink(&victim, &path).unwrap();
    assert_eq!(found(&refused(folder.path(), &path)), "a symbolic link");
    assert_eq!(fs::read_to_string(&victim).unwrap(), "precious");
}

#[test]
fn a_broken_symbolic_link_whose_target_is_not_made() {
    let folder = folder();
    let (target, path) = (folder.path().join("target"), folder.path().join("x.lock"));
    symlink(&target, &path).unwrap();
    assert_eq!(found(&refused(folder.path(), &path)), "a symbolic link");
    assert!(!target.exists());
}

#[test]
fn a_fifo_that_nobody_reads() {
    let folder = folder();
    let path = folder.path().join("x.lock");
    assert!(Command::new("mkfifo").arg(&path).status().unwrap().success());
    assert_eq!(found(&refused(folder.path(), &path)), "a pipe, a device or a socket");
}

#[test]
fn a_socket() {
    let folder = folder();
    let path = folder.path().join("x.lock");
    drop(std::os::unix::net::UnixListener::bind(&path).unwrap());
    assert_eq!(found(&refused(folder.path(), &path)), "a pipe, a device or a socket");
}

#[test]
fn a_device() {
    let folder = folder();
    let path = folder.path().join("x.lock");
    let made = Command::new("mknod").arg(&path).args(["c", "1", "3"]).output().unwrap();
    if !made.status.success() {
        return println!("skipped: only root can make a device");
    }
    assert_eq!(found(&refused(folder.path(), &path)), "a pipe, a device or a socket");
}

#[test]
fn a_file_in_the_place_of_the_folder() {
    let folder = folder();
    let path = folder.path().join("locks");
    fs::write(&path, "").unwrap();
    let error = Locks::open(&path).unwrap_err();
    let expected = format!("cannot use as the lock folder {}: not a directory", path.display());
    assert_eq!(error.to_string(), expected);
}

#[test]
fn names_that_no_file_can_have() {
    for name in ["", " ", "nul\0", "a/b", "..", "CON"] {
        let error = LockName::new(name).unwrap_err();
        assert!(error.to_string().contains("cannot be a lock name"), "{error}");
    }
    let error = LockName::new("x".repeat(201)).unwrap_err();
    assert!(error.to_string().contains("it has 201 bytes"), "{error}");
}

/// What an unprivileged process is told that tries the lock.
fn as_nobody(folder: &Path) -> String {
    // The program may lie where only its owner can go. Another process copies it: a child that is
    // being started here meanwhile would have it open for writing, and it could not be executed.
    let copy = folder.join("peer");
    assert!(Command::new("cp").arg(program()).arg(&copy).status().unwrap().success());
    let mut order = Command::new(&copy);
    order.arg("try").arg(folder.join("locks")).arg("x");
    if fs::metadata("/proc/self").unwrap().uid() == 0 {
        order.uid(NOBODY).gid(NOBODY);
    }
    peers::said(&peers::run(&mut order))
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

#[test]
fn a_read_only_folder() {
    let (folder, locks) = folder_with_mode(0o555);
    let answer = as_nobody(folder.path());
    let path = locks.join("x.lock");
    let expected = format!("cannot make the lock file {}: Permission denied", path.display());
    assert!(answer.starts_with(&expected), "{answer}");
}

#[test]
fn a_read_only_file() {
    let (folder, locks) = folder_with_mode(0o777);
    let path = locks.join("x.lock");
    fs::write(&path, "").unwrap();
    fs::set_permissions(&path, Permissions::from_mode(0o444)).unwrap();
    let answer = as_nobody(folder.path());
    let expected = format!("cannot open the lock file {}: Permission denied", path.display());
    assert!(answer.starts_with(&expected), "{answer}");
}

#[test]
fn a_file_of_another_user_in_a_sticky_folder_can_be_locked() {
    let (folder, locks) = folder_with_mode(0o1777);
    let path = locks.join("x.lock");
    fs::write(&path, "").unwrap();
    fs::set_permissions(&path, Permissions::from_mode(0o666)).unwrap();
    assert_eq!(as_nobody(folder.path()), "acquired");
}

#[test]
fn no_descriptors_left() {
    let folder = folder();
    let script = "ulimit -n 32 && exec \"$0\" \"$@\"";
    let mut order = Command::new("sh");
    order.args(["-c", script]).arg(program()).arg("exhaust").arg(folder.path()).arg("x");
    let answer = peers::said(&peers::run(&mut order));
    assert!(answer.contains("cannot open the lock file"), "{answer}");
    assert!(answer.contains("Too many open files"), "{answer}");
    assert!(answer.ends_with("\nacquired"), "the next attempt works: {answer}");
}

#[test]
fn a_full_disk() {
    let folder = folder();
    // Two inodes: the root of the file system has one, and the first lock's file the other.
    let script = "mount -t tmpfs -o nr_inodes=2 tmpfs \"$1\" \
                  && \"$0\" try \"$1\" x && \"$0\" try \"$1\" y && \"$0\" try \"$1\" x";
    let mut order = Command::new("unshare");
    order
        .args(["--map-root-user", "--mount", "sh", "-c", script])
        .arg(program())
        .arg(folder.path());
    let output = peers::run(&mut order);
    let answer = peers::said(&output);
    if !output.status.success() {
        return println!("skipped: no file system can be mounted here: {answer}");
    }
    let lines: Vec<&str> = answer.lines().collect();
    assert_eq!((lines[0], lines[2]), ("acquired", "acquired"));
    assert!(lines[1].contains("cannot make the lock file"), "{answer}");
    assert!(lines[1].contains("No space left on device"), "{answer}");
}

#[test]
fn errors_leak_no_descriptor() {
    let folder = folder();
    let path = folder.path().join("x.lock");
    assert!(Command::new("mkfifo").arg(&path).status().unwrap().success());
    let lock = lock(folder.path(), "x");
    let inode = fs::metadata(&path).unwrap().ino();
    (0..50).for_each(|_| drop(lock.try_acquire().unwrap_err()));
    let descriptors = fs::read_dir("/proc/self/fd").unwrap();
    let open = descriptors.filter_map(|entry| fs::metadata(entry.ok()?.path()).ok());
    assert_eq!(open.filter(|file| file.ino() == inode).count(), 0);
}
