//! When the file at the path changes.

use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use super::*;

#[cfg(target_os = "linux")]
#[test]
fn an_inode_number_that_changes_each_time_is_an_error_and_not_contention() {
    use crate::engine::file::syscall::faults::SyscallTrace;

    let folder = tempfile::tempdir().unwrap();
    let spec = FileSpec { path: folder.path().join("x.lock"), permissions: None };
    let _trace = SyscallTrace::with_unstable_inodes(folder.path());
    let error = Handle::new(Mode::Exclusive).try_acquire(&spec).unwrap_err();
    assert!(matches!(error, LockError::Unsupported { .. }), "{error}");
}

#[test]
fn a_poll_is_seen_although_the_file_is_opened_for_each_try() {
    let folder = tempfile::tempdir().unwrap();
    let spec = FileSpec { path: folder.path().join("x.lock"), permissions: None };
    let mut handle = Handle::new(Mode::Exclusive);
    handle.open(&spec).unwrap();
    assert!(!handle.is_polled());
    // As it is where its identity is unreliable.
    handle.cached = None;
    let file = std::fs::File::options().write(true).open(&spec.path).unwrap();
    handle.open(&spec).unwrap();
    file.set_modified(std::time::SystemTime::now()).unwrap();
    handle.cached = None;
    handle.open(&spec).unwrap();
    assert!(handle.is_polled());
}

#[test]
fn a_file_that_is_constantly_replaced_is_at_most_contended() {
    let folder = tempfile::tempdir().unwrap();
    let spec = FileSpec { path: folder.path().join("x.lock"), permissions: None };
    let is_over = AtomicBool::new(false);
    thread::scope(|scope| {
        scope.spawn(|| {
            while !is_over.load(Ordering::Relaxed) {
                let _ = std::fs::remove_file(&spec.path);
            }
        });
        let mut handle = Handle::new(Mode::Exclusive);
        let results: Vec<_> = (0..2_000).map(|_| handle.try_acquire(&spec)).collect();
        is_over.store(true, Ordering::Relaxed);
        assert!(results.iter().all(Result::is_ok), "{results:?}");
    });
}
