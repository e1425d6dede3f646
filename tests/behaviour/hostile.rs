//! Links that other users plant in the lock folder so that a holder changes files that are not
//! theirs.

#![cfg(target_os = "linux")]

use std::fs::{self, File, Permissions};
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Instant;

use jam_lock::{Lock, LockError, LockName, Locks};
use rustix::fs::{CWD, FlockOperation, RenameFlags, flock, renameat_with};
use tempfile::TempDir;

use crate::{LONG, folder, lock};
use jam_lock_tests::end::End;

#[test]
fn a_hard_link_to_another_users_file_keeps_its_content_and_mode() {
    let folder = folder();
    let target = folder.path().join("target");
    fs::write(&target, "precious").unwrap();
    fs::set_permissions(&target, Permissions::from_mode(0o640)).unwrap();
    for planted in ["x.lock", "x.holder"] {
        fs::hard_link(&target, folder.path().join(planted)).unwrap();
    }
    let locks = Locks::builder().folder(folder.path()).mode(0o666).open().unwrap();
    drop(locks.lock(LockName::new("x").unwrap()).acquire().unwrap());
    assert_eq!(fs::read_to_string(&target).unwrap(), "precious");
    assert_eq!(fs::metadata(&target).unwrap().permissions().mode() & 0o777, 0o640);
}

/// Another user's file, and a path without a file.
struct Targets {
    folder: TempDir,
    file: PathBuf,
    nothing: PathBuf,
}

impl Targets {
    fn new() -> Self {
        let folder = folder();
        let [file, nothing] = ["target", "not there"].map(|name| folder.path().join(name));
        fs::write(&file, "precious").unwrap();
        Self { folder, file, nothing }
    }

    fn assert_untouched(&self) {
        let file = File::open(&self.file).unwrap();
        flock(&file, FlockOperation::NonBlockingLockExclusive).expect("not locked");
        assert_eq!(fs::read_to_string(&self.file).unwrap(), "precious");
        assert!(!self.nothing.exists());
    }
}

/// Tries the lock while `change` happens repeatedly, until each has won the race often enough.
fn try_meanwhile(lock: &Lock, targets: &Targets, change: impl Fn() + Sync) {
    let is_over = AtomicBool::new(false);
    let (mut refused, mut acquired) = (0, 0);
    thread::scope(|scope| {
        scope.spawn(|| {
            while !is_over.load(Ordering::Relaxed) {
                change();
            }
        });
        let (_end, start) = (End(&is_over), Instant::now());
        while refused < 100 || acquired < 100 {
            assert!(start.elapsed() < LONG, "{refused} times refused, {acquired} times acquired");
            match lock.try_acquire() {
                Ok(_guard) => {
                    acquired += 1;
                    targets.assert_untouched();
                }
                Err(LockError::NotAFile { .. }) => refused += 1,
                // The locked file is replaced again and again.
                Err(LockError::Timeout { .. } | LockError::Io { .. }) => {}
                Err(error) => panic!("{error}"),
            }
        }
    });
    targets.assert_untouched();
}

#[test]
fn a_link_that_repeatedly_replaces_the_file_is_never_followed() {
    let (folder, targets) = (folder(), Targets::new());
    let (path, spare) = (folder.path().join("x.lock"), folder.path().join("spare"));
    try_meanwhile(&lock(folder.path(), "x"), &targets, || {
        for target in [&targets.file, &targets.nothing] {
            symlink(target, &spare).unwrap();
            fs::rename(&spare, &path).unwrap();
            File::create(&spare).unwrap();
            fs::rename(&spare, &path).unwrap();
        }
    });
}

#[test]
fn a_link_that_repeatedly_replaces_the_folder_leads_to_no_file_elsewhere() {
    let (folder, targets) = (folder(), Targets::new());
    let (locks, planted) = (folder.path().join("locks"), folder.path().join("planted"));
    symlink(&targets.file, targets.folder.path().join("x.lock")).unwrap();
    symlink(&targets.nothing, targets.folder.path().join("x.holder")).unwrap();
    symlink(targets.folder.path(), &planted).unwrap();
    try_meanwhile(&lock(&locks, "x"), &targets, || {
        renameat_with(CWD, &planted, CWD, &locks, RenameFlags::EXCHANGE).unwrap();
    });
}
