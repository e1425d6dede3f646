//! Damaged or inaccessible holder records: the lock works, and its holder can see what could not be read
//! or written.

#![cfg(unix)]

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;

use jam_lock::{Holder, Locks};

use crate::{folder, lock};
use jam_lock_tests::child::{Child, try_in_child};
#[cfg(target_os = "linux")]
use jam_lock_tests::mounts::Mount;
#[cfg(target_os = "linux")]
use jam_lock_tests::order::Order;
#[cfg(target_os = "linux")]
use jam_lock_tests::output::{printed, run_to_end};

/// Checks that this process and another one can acquire the lock, whatever is in place of its record.
fn assert_works(folder: &Path) {
    let lock = lock(folder, "x");
    let guard = lock.acquire().unwrap();
    assert!(guard.abandoned().is_none_or(|holder| *holder == Holder::default()), "nobody died");
    assert!(try_in_child(folder, "x").contains("is already held"));
    guard.release().unwrap();

    let child = Child::holding(folder, "x");
    let error = crate::on_another_thread(|| lock.try_acquire().unwrap_err()).to_string();
    if let Some((_, holder)) = error.split_once("the timeout is 0: ") {
        assert!(holder.contains(&format!("(pid {})", child.id())), "{error}");
    }
    child.release();
    assert_eq!(try_in_child(folder, "x"), "acquired");
}

#[test]
fn a_file_that_is_not_a_record_is_left_as_it_is() {
    let notes = b"my notes".to_vec();
    let script = b"#!/bin/sh\njam-lock 1 held token 1\n".to_vec();
    let binary: Vec<u8> = (0..=255).cycle().take(100_000).collect();
    let huge = vec![b'x'; 4_000_000];
    for content in [notes, script, binary, huge] {
        let folder = folder();
        let record = folder.path().join("x.holder");
        fs::write(&record, &content).unwrap();
        assert_works(folder.path());
        assert!(fs::read(&record).unwrap() == content, "another file was changed");
    }
}

#[test]
fn a_truncated_record_is_written_anew() {
    let folder = folder();
    let record = folder.path().join("x.holder");
    Child::in_section(folder.path(), "x").kill();
    let whole = fs::read(folder.path().join("called_x.holder")).unwrap();
    let huge = [&whole[..], &vec![b' '; 1_000_000]].concat();
    for torn in [&[], &whole[..20], &whole[..60], &whole[..160], &[0; 640], &huge[60..]] {
        fs::write(&record, torn).unwrap();
        assert_works(folder.path());
    }
    let text = fs::read_to_string(&record);
    assert!(text.is_ok_and(|text| text.ends_with(' ')), "the last one is another file");
    fs::write(&record, &whole[..60]).unwrap();
    assert_works(folder.path());
    assert!(fs::read_to_string(&record).unwrap().starts_with("jam-lock 1 free token"));
}

#[test]
fn a_link_or_a_special_file_is_never_written_to() {
    let folder = folder();
    let record = folder.path().join("x.holder");
    let victim = folder.path().join("victim");
    for content in ["", "precious"] {
        fs::write(&victim, content).unwrap();
        symlink(&victim, &record).unwrap();
        assert_works(folder.path());
        assert!(fs::symlink_metadata(&record).unwrap().is_symlink());
        fs::remove_file(&record).unwrap();

        fs::hard_link(&victim, &record).unwrap();
        assert_works(folder.path());
        assert_eq!(fs::read_to_string(&victim).unwrap(), content);
        fs::remove_file(&record).unwrap();
    }

    symlink(folder.path().join("nowhere"), &record).unwrap();
    assert_works(folder.path());
    assert!(!folder.path().join("nowhere").exists());
    fs::remove_file(&record).unwrap();

    fs::create_dir(&record).unwrap();
    assert_works(folder.path());
    fs::remove_dir(&record).unwrap();

    let fifo = std::process::Command::new("mkfifo").arg(&record).status().unwrap();
    assert!(fifo.success());
    assert_works(folder.path());
}

#[test]
fn the_lock_works_without_a_readable_and_writable_record() {
    let folder = folder();
    let record = folder.path().join("x.holder");
    for mode in [0o000, 0o444] {
        fs::write(&record, "").unwrap();
        fs::set_permissions(&record, fs::Permissions::from_mode(mode)).unwrap();
        assert_works(folder.path());
    }
}

#[test]
fn the_lock_works_with_any_bytes_in_the_record() {
    let folder = folder();
    let record = folder.path().join("x.holder");
    Child::in_section(folder.path(), "x").kill();
    let whole = fs::read(folder.path().join("called_x.holder")).unwrap();
    let locks = Locks::open(folder.path()).unwrap();
    for seed in 0..2_000 {
        let mut random = fastrand::Rng::with_seed(seed);
        let mut bytes = whole.clone();
        for _ in 0..random.usize(1..20) {
            let at = random.usize(0..bytes.len());
            bytes[at] = random.u8(..);
        }
        bytes.truncate(random.usize(0..2 * bytes.len()));
        // A record with a valid checksum names the process that was really killed.
        fs::write(&record, &bytes).unwrap();
        let lock = locks.lock(jam_lock::LockName::new("x").unwrap());
        let guard = lock.acquire().unwrap();
        let holder = guard.abandoned().map(ToString::to_string);
        let is_right = holder.as_deref().is_none_or(|holder| {
            // A record with an invalid checksum shows only that a holder died.
            holder == "a process" || holder.starts_with("`on_apply` at ")
        });
        assert!(is_right, "seed {seed}: {holder:?}");
        let is_seen = holder.is_some() || guard.record_error().is_some();
        let is_free = bytes.get(11..15) == Some(b"free");
        let is_nothing = bytes.iter().all(|byte| *byte == 0);
        assert!(is_seen || is_free || is_nothing, "seed {seed}: the death is missing");
        assert!(crate::is_refused(&lock), "seed {seed}");
    }
}

#[test]
fn it_is_created_with_the_mode_of_the_lock_file() {
    let folder = folder();
    let locks = Locks::builder().folder(folder.path()).mode(0o620).open().unwrap();
    drop(locks.lock(jam_lock::LockName::new("x").unwrap()).acquire().unwrap());
    for file in ["x.lock", "x.holder"] {
        let mode = fs::metadata(folder.path().join(file)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o620, "{file}");
    }
}

/// The process whose death is reported to the next writer, if the record is valid.
fn abandoned_by(folder: &Path) -> Option<u32> {
    let guard = lock(folder, "x").acquire().unwrap();
    assert!(guard.record_error().is_none(), "{:?}", guard.record_error());
    guard.abandoned().map(|holder| holder.process().unwrap())
}

#[test]
fn a_backup_by_hard_links_hides_no_death_and_is_not_written_to() {
    let folder = folder();
    let (record, backup) = (folder.path().join("x.holder"), folder.path().join("backup"));
    Child::holding(folder.path(), "x").release();
    for _ in 0..2 {
        fs::hard_link(&record, &backup).unwrap();
        let before = fs::read(&backup).unwrap();
        let child = Child::holding(folder.path(), "x");
        let id = child.id();
        child.kill();
        assert_eq!(abandoned_by(folder.path()), Some(id));
        assert!(fs::read(&backup).unwrap() == before);
        fs::remove_file(&backup).unwrap();
    }
}

#[test]
fn a_record_that_was_replaced_or_moved_with_its_folder_is_left_alone() {
    let folder = folder();
    let (locks, away) = (folder.path().join("locks"), folder.path().join("away"));
    let record = locks.join("x.holder");
    let lock = lock(&locks, "x");
    let state = |path: &Path| fs::read_to_string(path).unwrap()[11..15].to_owned();
    drop(lock.acquire().unwrap());
    fs::rename(&record, locks.join("moved")).unwrap();
    fs::copy(locks.join("moved"), &record).unwrap();
    let guard = lock.acquire().unwrap();
    assert_eq!([&record, &locks.join("moved")].map(|path| state(path)), ["held", "free"]);
    drop(guard);
    fs::rename(&locks, &away).unwrap();
    let guard = lock.acquire().unwrap();
    assert_eq!([&record, &away.join("x.holder")].map(|path| state(path)), ["held", "free"]);
    drop(guard);
}

#[test]
fn the_guard_has_the_reason_if_a_record_cannot_be_read_or_written() {
    let folder = folder();
    let record = folder.path().join("x.holder");
    assert!(lock(folder.path(), "x").acquire().unwrap().record_error().is_none());
    fs::remove_file(&record).unwrap();
    for (content, remedy) in [("my notes", "move it away"), ("", "a folder: move it away")] {
        if content.is_empty() {
            fs::create_dir(&record).unwrap();
        } else {
            fs::write(&record, content).unwrap();
        }
        for lock in [lock(folder.path(), "x"), lock(folder.path(), "x").shared()] {
            let guard = lock.acquire().unwrap();
            let error = guard.record_error().expect("it is not a record").to_string();
            assert!(error.starts_with("cannot read the holder record ") && error.ends_with(remedy));
        }
        let _ = fs::remove_file(&record);
    }
}

#[cfg(target_os = "linux")]
#[test]
fn a_process_that_must_not_write_files_survives_and_gets_a_record_error() {
    let folder = folder();
    drop(lock(folder.path(), "x").acquire().unwrap());
    let order = Order::PrintRecordError { folder: folder.path(), name: "x" };
    let script = format!("ulimit -f 0; exec {}", order.shell_command());
    let output = run_to_end(std::process::Command::new("sh").args(["-c", &script]));
    let text = printed(&output);
    assert!(output.status.success(), "{text}");
    assert!(text.starts_with("cannot write the holder record "), "{text}");
    assert!(text.ends_with("raise `ulimit -f`"), "{text}");
}

/// Writes to a file in `folder` until its file system is full.
#[cfg(target_os = "linux")]
fn fill(folder: &Path) {
    use std::io::Write;

    let mut file = fs::File::create(folder.join("filler")).unwrap();
    // What is missing in the end is less than a record needs.
    for size in [1 << 20, 1 << 12, 1 << 9] {
        let bytes = vec![b'x'; size];
        while file.write_all(&bytes).and_then(|()| file.sync_data()).is_ok() {}
    }
}

#[cfg(target_os = "linux")]
#[test]
fn a_release_on_a_full_file_system_that_overwrites_nothing_in_place_is_no_death() {
    let Some(mount) = Mount::btrfs() else { return };
    for _ in 0..2 {
        let child = Child::holding(mount.path(), "x");
        fill(mount.path());
        child.release();
        assert_eq!(lock(mount.path(), "x").acquire().unwrap().abandoned(), None);
        fs::remove_file(mount.path().join("filler")).unwrap();
    }
}
