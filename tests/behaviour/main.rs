//! The guarantees of a named file lock, one file for each concern.

jam_lock::lock_names! {
    /// Declared before the other one.
    "first",
    /// Declared after it.
    "second",
    /// One for each customer.
    "customer_{id}",
    /// Three at once.
    "declared_export" = 3,
    /// Two at once for each printer.
    "printer_{id}" = 2,
}

mod abandonment;
mod acquire_and_release;
#[cfg(target_os = "linux")]
mod ancestors;
mod asynchronous;
#[cfg(unix)]
mod at_most_every;
mod cancellation;
mod context;
mod default_locks;
#[cfg(unix)]
mod descriptors;
mod destructors;
mod errors;
mod executors;
mod file_lifecycle;
#[cfg(unix)]
mod fork;
#[cfg(target_os = "linux")]
mod fuse;
mod guide;
mod holder_lookup;
mod holders;
mod hostile;
mod in_memory;
mod keyed;
mod kills;
mod list;
mod lock_sets;
mod mode_and_content;
mod moved_guards;
mod no_false_alarm;
mod observer;
mod page_width;
mod paths;
mod permits;
mod processes;
mod records;
mod recovery;
mod shared;
mod status;
mod sweep;
mod temporary;
mod threads;
mod timeout;
mod tokens;
mod unprivileged;
#[cfg(target_os = "linux")]
mod unreleased;

use std::path::Path;
use std::thread;

use jam_lock::{Lock, LockName, Locks};
use jam_lock_tests::LONG;
use tempfile::TempDir;

/// A lock folder that is removed at the end of the test.
fn folder() -> TempDir {
    tempfile::tempdir().expect("a temporary folder can be made")
}

/// The lock `name` of `folder`, opened anew.
fn lock(folder: &Path, name: &str) -> Lock {
    let name = LockName::new(name).expect("the test's name is portable");
    Locks::open(folder).expect("the test's folder can be opened").lock(name)
}

/// Whether another thread would have to wait for the lock, which this one may hold.
fn is_refused(lock: &Lock) -> bool {
    on_another_thread(|| lock.try_acquire().is_err_and(|error| error.is_timeout()))
}

fn on_another_thread<T: Send>(act: impl FnOnce() -> T + Send) -> T {
    thread::scope(|scope| scope.spawn(act).join().expect("the other thread does not panic"))
}
