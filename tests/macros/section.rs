//! The lock `section`, which one test at a time uses, and whether it is held now.

use std::future::Future;
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};
use std::thread;

use jam_lock::{LockError, LockName, Locks, default_locks, set_default_locks};
use tempfile::TempDir;

/// Keeps other tests out of `section`, and sets a temporary folder as the default for all tests.
pub(crate) fn alone() -> MutexGuard<'static, ()> {
    static FOLDER: OnceLock<TempDir> = OnceLock::new();
    static ALONE: Mutex<()> = Mutex::new(());
    FOLDER.get_or_init(|| {
        let folder = tempfile::tempdir().expect("a temporary folder can be created");
        let locks = Locks::open(folder.path()).expect("the folder can be opened");
        set_default_locks(locks).expect("nothing was locked before");
        folder
    });
    ALONE.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Whether `section` is held, as another thread sees it.
pub(crate) fn is_held() -> bool {
    is_held_in(&default_locks().expect("the default is set"))
}

/// Whether `section` is held in `locks`, as another thread sees it.
pub(crate) fn is_held_in(locks: &Locks) -> bool {
    let lock = locks.lock(LockName::new("section").expect("a portable name"));
    match thread::spawn(move || lock.try_acquire().map(drop)).join().expect("a try never panics") {
        Ok(()) => false,
        Err(LockError::Timeout { .. }) => true,
        Err(error) => panic!("{error}"),
    }
}

/// Runs a future to its end on this thread.
pub(crate) fn block_on<F: Future>(future: F) -> F::Output {
    let runtime = tokio::runtime::Builder::new_current_thread().build();
    runtime.expect("a runtime can be built").block_on(future)
}

/// Checks that a section, which returns whether the lock was held inside, held and released it.
#[track_caller]
pub(crate) fn assert_held_within(section: Result<bool, LockError>) {
    assert!(section.expect("the lock is free"), "the body ran without the lock");
    assert!(!is_held(), "the lock is still held");
}
