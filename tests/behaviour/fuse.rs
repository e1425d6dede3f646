//! Folders on file systems in user space, where a look at a path does not show which file it names.

use std::fs;
use std::path::Path;
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use jam_lock::{LockError, LockName, Locks};

use crate::{LONG, folder, lock, lock_names};
use jam_lock_tests::child::{Child, try_in_child};
use jam_lock_tests::mounts::Mount;
use jam_lock_tests::observe::{blocked_on, open_files_below, wait_until};
use jam_lock_tests::readers::while_readers_overlap;

/// The file system has the locks of its source, instead of the kernel.
const FORWARDING: &[&str] = &["--multithreaded", "--enable-lock-forwarding"];

/// The inode number of a file is derived from its path. A disk that is nearly full is no reason to fail.
const PATH_HASH: &[&str] = &["-o", "use_ino,inodecalc=path-hash,minfreespace=0"];

#[test]
fn the_files_of_a_key_stay_until_they_are_swept() {
    let folder = folder();
    let Some(mount) = Mount::bindfs(folder.path(), &[]) else { return };
    let locks = Locks::open(mount.path()).unwrap();
    drop(locks.lock(lock_names::customer_id(7)).acquire().unwrap());
    assert!(mount.path().join("customer_7.lock").exists());
    assert_eq!(locks.sweep().unwrap(), 1);
    assert!(!mount.path().join("customer_7.lock").exists());
}

#[test]
fn its_source_keeps_the_files_of_a_key_as_well() {
    let folder = folder();
    let Some(mount) = Mount::bindfs(folder.path(), FORWARDING) else { return };
    let [source, here] = [folder.path(), mount.path()].map(|path| Locks::open(path).unwrap());
    let use_in = |locks: &Locks| drop(locks.lock(lock_names::customer_id(7)).acquire().unwrap());
    let exists = || folder.path().join("customer_7.lock").exists();
    use_in(&source);
    assert!(!exists());
    use_in(&here);
    // Until the file does not count as being in use.
    thread::sleep(Duration::from_millis(600));
    use_in(&source);
    assert!(exists());
    assert_eq!(source.sweep().unwrap(), 1);
    assert!(!exists());
}

#[test]
fn a_waiter_waits_for_the_holder_of_a_new_file_that_looks_like_the_old_one() {
    let folder = folder();
    let Some(mount) = Mount::mergerfs(folder.path(), PATH_HASH) else { return };
    let path = mount.path().join("x.lock");
    let old = Child::holding(mount.path(), "x");
    let waiter = Child::waiting(mount.path(), "x");
    wait_until("it waits", || blocked_on(&path) == 1);
    fs::remove_file(&path).unwrap();
    let new = Child::holding(mount.path(), "x");
    old.release_lost();
    wait_until("it waits for the new file", || blocked_on(&path) == 1);
    new.release();
    waiter.after("held").release();
}

#[test]
fn a_file_that_looks_like_a_removed_one_is_opened() {
    let folder = folder();
    let Some(mount) = Mount::mergerfs(folder.path(), PATH_HASH) else { return };
    let lock = lock(mount.path(), "x");
    drop(lock.acquire().unwrap());
    fs::remove_file(mount.path().join("x.lock")).unwrap();
    let _other = Child::holding(mount.path(), "x");
    assert!(lock.try_acquire().unwrap_err().is_timeout());
}

#[test]
fn a_file_system_with_another_inode_number_at_each_look_is_unsupported() {
    let folder = folder();
    let Some(mount) = Mount::unstable_inodes(folder.path()) else { return };
    let check = || {
        for lock in [lock(mount.path(), "x"), lock(mount.path(), "x").shared()] {
            for result in [lock.try_acquire(), lock.timeout(LONG).acquire()] {
                let error = result.unwrap_err();
                assert!(matches!(error, LockError::Unsupported { .. }), "{error}");
            }
        }
    };
    check();
    let _holder = Child::flock(&mount.path().join("x.lock"), "-x");
    check();
}

#[test]
fn no_file_is_kept_open_between_acquisitions() {
    let folder = folder();
    let Some(mount) = Mount::bindfs(folder.path(), &[]) else { return };
    let locks = Locks::open(mount.path()).unwrap();
    let names = [LockName::new("x").unwrap(), lock_names::customer_id(7)];
    for lock in names.map(|name| locks.lock(name)) {
        drop(lock.acquire().unwrap());
        drop(lock.shared().acquire().unwrap());
        assert_eq!(open_files_below(mount.path()), 0, "{}", lock.name());
    }
}

#[test]
fn a_lock_works_after_its_folder_was_mounted_again() {
    let folder = folder();
    for arguments in [&[], FORWARDING] {
        let Some(mut mount) = Mount::bindfs(folder.path(), arguments) else { return };
        let locks = Locks::open(mount.path()).unwrap();
        let lock = [lock_names::FIRST, lock_names::customer_id(7)].map(|name| locks.lock(name));
        for lock in &lock {
            drop(lock.acquire().unwrap());
            drop(lock.shared().acquire().unwrap());
        }
        mount.remount();
        for lock in &lock {
            let guard = lock.acquire().unwrap();
            assert!(guard.record_error().is_none(), "{:?}", guard.record_error());
            assert!(is_held(mount.path(), lock.name()));
            guard.release().unwrap();
            lock.shared().acquire().unwrap().release().unwrap();
        }
    }
}

#[test]
fn an_acquisition_ends_at_its_deadline_while_the_file_system_hangs() {
    let folder = folder();
    for arguments in [&[], FORWARDING] {
        let Some(mount) = Mount::bindfs(folder.path(), arguments) else { return };
        let (used, unused) = (lock(mount.path(), "x"), lock(mount.path(), "y"));
        let held = lock(mount.path(), "z").acquire().unwrap();
        drop(used.acquire().unwrap());
        let frozen = mount.freeze();
        for lock in [used.clone(), unused, used.clone().shared()] {
            let waiting = lock.timeout(Duration::from_millis(300));
            let error = in_time(move || waiting.acquire().unwrap_err());
            assert!(error.to_string().ends_with(": the file system has not answered"), "{error}");
            let LockError::Timeout { waited, .. } = error else { panic!("{error}") };
            assert!((300..3_000).contains(&waited.as_millis()), "{waited:?}");
        }
        let tried = used.clone();
        let error = in_time(move || tried.try_acquire().unwrap_err());
        assert!(error.to_string().ends_with(": the file system has not answered"), "{error}");
        in_time(move || drop(held));
        drop(frozen);
        used.acquire().unwrap().release().unwrap();
        Child::holding(mount.path(), "z").release();
    }
}

#[test]
fn a_task_does_not_block_its_executor_while_the_file_system_hangs() {
    let folder = folder();
    let Some(mount) = Mount::bindfs(folder.path(), &[]) else { return };
    let lock = lock(mount.path(), "x").timeout(Duration::from_millis(100));
    let frozen = mount.freeze();
    let waiting = || async {
        let mut acquisition = Box::pin(lock.acquire_async());
        let begun = Instant::now();
        assert!(smol::future::poll_once(&mut acquisition).await.is_none());
        assert!(begun.elapsed() < Duration::from_secs(3));
        acquisition.await.unwrap_err()
    };
    assert!(smol::block_on(waiting()).is_timeout());
    drop(frozen);
}

#[test]
fn a_waiter_for_a_forwarded_lock_can_be_killed_at_any_time() {
    let folder = folder();
    let Some(mount) = Mount::bindfs(folder.path(), FORWARDING) else { return };
    let holder = Child::holding(mount.path(), "x");
    let [killed, waiter] = [0, 1].map(|_| Child::waiting(mount.path(), "x"));
    // Until both have begun to wait, as far as can be seen.
    thread::sleep(Duration::from_millis(200));
    in_time(move || killed.kill());
    let error = lock(mount.path(), "x").timeout(Duration::from_millis(20)).acquire().unwrap_err();
    assert!(error.is_timeout(), "{error}");
    holder.release();
    waiter.after("held").release();
}

#[test]
fn readers_that_overlap_let_a_writer_of_another_process_in() {
    let folder = folder();
    for arguments in [&[], FORWARDING] {
        let Some(mount) = Mount::bindfs(folder.path(), arguments) else { return };
        while_readers_overlap(&lock(mount.path(), "x"), |_| {
            Child::holding(mount.path(), "x").release();
        });
    }
}

/// The result of `call`, which must not hang.
fn in_time<T: Send + 'static>(call: impl FnOnce() -> T + Send + 'static) -> T {
    let (reply, result) = mpsc::channel();
    thread::spawn(move || _ = reply.send(call()));
    result.recv_timeout(LONG).expect("it ends")
}

fn is_held(folder: &Path, name: &LockName) -> bool {
    try_in_child(folder, name.as_str()).contains("is already held")
}
