//! What others plant in the lock folder to have something of somebody else's changed.

#![cfg(target_os = "linux")]

use std::fs::{self, File, Permissions};
use std::os::unix::fs::{PermissionsExt, symlink};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use jam_lock::{LockError, LockName, Locks};
use rustix::fs::{FlockOperation, flock};

use crate::{folder, lock};

#[test]
fn a_hard_link_to_somebody_elses_file_keeps_its_content_and_mode() {
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

#[test]
fn a_link_that_takes_the_place_of_the_file_again_and_again_is_never_followed() {
    let [folder, elsewhere] = [folder(), folder()];
    let (path, spare) = (folder.path().join("x.lock"), folder.path().join("spare"));
    let victims = ["victim", "not there"].map(|name| elsewhere.path().join(name));
    fs::write(&victims[0], "precious").unwrap();
    let is_over = AtomicBool::new(false);
    thread::scope(|scope| {
        scope.spawn(|| {
            for victim in victims.iter().cycle() {
                symlink(victim, &spare).unwrap();
                fs::rename(&spare, &path).unwrap();
                File::create(&spare).unwrap();
                fs::rename(&spare, &path).unwrap();
                if is_over.load(Ordering::Relaxed) {
                    break;
                }
            }
        });
        let lock = lock(folder.path(), "x");
        let (mut refused, mut acquired) = (0, 0);
        while refused < 100 || acquired < 100 {
            match lock.try_acquire() {
                Ok(_guard) => {
                    acquired += 1;
                    let victim = File::open(&victims[0]).unwrap();
                    flock(&victim, FlockOperation::NonBlockingLockExclusive).expect("not locked");
                }
                Err(LockError::NotAFile { .. }) => refused += 1,
                // What was locked is not there any more, again and again.
                Err(LockError::Timeout { .. } | LockError::Io { .. }) => {}
                Err(error) => panic!("{error}"),
            }
        }
        is_over.store(true, Ordering::Relaxed);
    });
    assert_eq!(fs::read_to_string(&victims[0]).unwrap(), "precious");
    assert!(!victims[1].exists());
}
