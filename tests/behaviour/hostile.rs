//! What others plant in the lock folder to have something of somebody else's changed.

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

#[test]
fn a_hard_link_to_another_users_file_keeps_its_content_and_mode() {
    let folder = folder();
    let victim = folder.path().join("victim");
    fs::write(&victim, "precious").unwrap();
    fs::set_permissions(&victim, Permissions::from_mode(0o640)).unwrap();
    for planted in ["x.lock", "x.holder"] {
        fs::hard_link(&victim, folder.path().join(planted)).unwrap();
    }
    let locks = Locks::builder().folder(folder.path()).mode(0o666).open().unwrap();
    drop(locks.lock(LockName::new("x").unwrap()).acquire().unwrap());
    assert_eq!(fs::read_to_string(&victim).unwrap(), "precious");
    assert_eq!(fs::metadata(&victim).unwrap().permissions().mode() & 0o777, 0o640);
}

/// A file of somebody else, and a place where there is none.
struct Victims {
    folder: TempDir,
    file: PathBuf,
    nothing: PathBuf,
}

impl Victims {
    fn new() -> Self {
        let folder = folder();
        let [file, nothing] = ["victim", "not there"].map(|name| folder.path().join(name));
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

/// Tries the lock while `change` happens again and again, until both have come first often enough.
fn try_meanwhile(lock: &Lock, victims: &Victims, change: impl Fn() + Sync) {
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
                    victims.assert_untouched();
                }
                Err(LockError::NotAFile { .. }) => refused += 1,
                // What was locked is not there any more, again and again.
                Err(LockError::Timeout { .. } | LockError::Io { .. }) => {}
                Err(error) => panic!("{error}"),
            }
        }
    });
    victims.assert_untouched();
}

/// Ends a thread, also where the test fails.
struct End<'a>(&'a AtomicBool);

impl Drop for End<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

#[test]
fn a_link_that_repeatedly_replaces_the_file_is_never_followed() {
    let (folder, victims) = (folder(), Victims::new());
    let (path, spare) = (folder.path().join("x.lock"), folder.path().join("spare"));
    try_meanwhile(&lock(folder.path(), "x"), &victims, || {
        for victim in [&victims.file, &victims.nothing] {
            symlink(victim, &spare).unwrap();
            fs::rename(&spare, &path).unwrap();
            File::create(&spare).unwrap();
            fs::rename(&spare, &path).unwrap();
        }
    });
}

#[test]
fn a_link_that_repeatedly_replaces_the_folder_leads_to_no_file_elsewhere() {
    let (folder, victims) = (folder(), Victims::new());
    let (locks, planted) = (folder.path().join("locks"), folder.path().join("planted"));
    symlink(&victims.file, victims.folder.path().join("x.lock")).unwrap();
    symlink(&victims.nothing, victims.folder.path().join("x.holder")).unwrap();
    symlink(victims.folder.path(), &planted).unwrap();
    try_meanwhile(&lock(&locks, "x"), &victims, || {
        renameat_with(CWD, &planted, CWD, &locks, RenameFlags::EXCHANGE).unwrap();
    });
}
