//! Every obstacle to a lock but a holder is an immediate error that says what is wrong and where.

#![cfg(target_os = "linux")]

use std::fs;
use std::os::unix::fs::{MetadataExt, symlink};
use std::path::Path;
use std::process::Command;

use jam_lock::{LockError, LockName, Locks};

use crate::{folder, lock};
use jam_lock_tests::child::Child;
use jam_lock_tests::order::Order;
use jam_lock_tests::output::{printed, run_to_end};
use jam_lock_tests::requirements::{python, skip};

/// The error of an attempt. A second attempt shows that the first has changed nothing, and a third
/// that the lock works once `in_the_way` is removed.
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

/// What the error calls the thing that is not a lock file.
fn found(error: &LockError) -> &'static str {
    match error {
        LockError::NotAFile { found, .. } => found,
        other => panic!("{other}"),
    }
}

#[test]
fn a_folder_in_place_of_the_file() {
    let folder = folder();
    let path = folder.path().join("x.lock");
    fs::create_dir(&path).unwrap();
    assert_eq!(found(&refused(folder.path(), &path)), "a folder");
}

#[test]
fn a_folder_with_which_another_program_locks_is_left_alone() {
    const SCRIPT: &str = "import sqlite3, sys\n\
        database = sqlite3.connect('file:x?vfs=unix-dotfile', uri=True, isolation_level=None)\n\
        database.execute('BEGIN EXCLUSIVE')\n\
        print('held', flush=True); sys.stdin.read()\n\
        database.execute('COMMIT'); print('released')";
    let Some(python) = python() else { return };
    let folder = folder();
    let database =
        Child::start(Command::new(python).args(["-c", SCRIPT]).current_dir(folder.path()));
    let database = database.after("held");
    let error = lock(folder.path(), "x").try_acquire().unwrap_err().to_string();
    assert!(error.contains("is a folder, not a regular file; it may be a lock of "), "{error}");
    database.release();
    assert!(lock(folder.path(), "x").try_acquire().is_ok());
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
fn a_broken_symbolic_link_whose_target_is_not_created() {
    let folder = folder();
    let (target, path) = (folder.path().join("target"), folder.path().join("x.lock"));
    symlink(&target, &path).unwrap();
    assert_eq!(found(&refused(folder.path(), &path)), "a symbolic link");
    assert!(!target.exists());
}

#[test]
fn a_fifo_without_a_reader() {
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
        return skip("only root can make a device");
    }
    assert_eq!(found(&refused(folder.path(), &path)), "a pipe, a device or a socket");
}

#[test]
fn a_file_in_place_of_the_folder() {
    let folder = folder();
    let path = folder.path().join("locks");
    fs::write(&path, "").unwrap();
    let error = Locks::open(&path).unwrap_err();
    let expected = format!("cannot use as the lock folder {}: not a directory", path.display());
    assert_eq!(error.to_string(), expected);
}

#[test]
fn a_broken_symbolic_link_in_place_of_the_folder() {
    let folder = folder();
    let (target, path) = (folder.path().join("target"), folder.path().join("locks"));
    symlink(&target, &path).unwrap();
    let error = Locks::open(&path).unwrap_err();
    let expected = format!("cannot use as the lock folder {}: not a directory", path.display());
    assert_eq!(error.to_string(), expected);
    assert!(!target.exists());
}

#[test]
fn a_url_in_place_of_the_folder() {
    let error = Locks::open("postgres://app:secret@db1/shop").unwrap_err().to_string();
    assert!(error.contains("use `Locks::at`"), "{error}");
    assert!(!error.contains("secret") && !Path::new("postgres:").exists(), "{error}");
}

#[test]
fn invalid_names() {
    for name in ["", " ", "nul\0", "a/b", "..", "CON"] {
        let error = LockName::new(name).unwrap_err();
        assert!(error.to_string().contains("invalid lock name"), "{error}");
    }
    let error = LockName::new("x".repeat(201)).unwrap_err();
    assert!(error.to_string().contains("it is 201 bytes long"), "{error}");
}

#[test]
fn no_descriptors_left() {
    let folder = folder();
    let order = Order::ExhaustDescriptors { folder: folder.path(), name: "x" };
    let script = format!("ulimit -n 32 && exec {}", order.shell_command());
    let answer = printed(&run_to_end(Command::new("sh").args(["-c", &script])));
    assert!(answer.contains("cannot open the lock file"), "{answer}");
    assert!(answer.contains("Too many open files"), "{answer}");
    assert!(answer.ends_with("\nacquired"), "the next attempt works: {answer}");
}

#[test]
fn a_full_disk() {
    let folder = folder();
    // Two inodes: the root of the file system has one, and the first lock's file the other.
    let [try_x, try_y] =
        ["x", "y"].map(|name| Order::TryAcquire { location: folder.path(), name }.shell_command());
    let script =
        format!("mount -t tmpfs -o nr_inodes=2 tmpfs \"$0\" && {try_x} && {try_y} && {try_x}");
    let mut command = Command::new("unshare");
    command.args(["--map-root-user", "--mount", "sh", "-c", &script]).arg(folder.path());
    let output = run_to_end(&mut command);
    let answer = printed(&output);
    if !output.status.success() {
        return skip(&format!("no file system can be mounted here: {answer}"));
    }
    let lines: Vec<&str> = answer.lines().collect();
    assert_eq!((lines[0], lines[2]), ("acquired", "acquired"));
    assert!(lines[1].contains("cannot create the lock file"), "{answer}");
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
