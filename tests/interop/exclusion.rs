//! This library and other programs exclude each other.

use std::fs::File;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use jam_lock_tests::LONG;
use jam_lock_tests::child::Child;
use jam_lock_tests::observe::{blocked_on, wait_until};
use jam_lock_tests::output::{printed, run_to_end};

use crate::python::Library;
use crate::{folder, lock};

/// Another program that locks the same files.
pub(crate) enum Other {
    Python(Library),
    /// util-linux's `flock(1)`.
    Flock,
}

impl Other {
    pub(crate) fn all() -> impl Iterator<Item = Self> {
        Library::all().into_iter().map(Self::Python).chain([Self::Flock])
    }

    /// Starts a process that holds the lock on `file`, and waits until it does.
    pub(crate) fn holding(&self, file: &Path) -> Child {
        match self {
            Self::Python(library) => library.holding(file),
            Self::Flock => Child::flock(file, "-x"),
        }
    }

    /// Waits there for the lock for so many seconds, and returns `acquired` or `timed out`.
    pub(crate) fn attempt(&self, file: &Path, timeout: &str) -> String {
        match self {
            Self::Python(library) => library.attempt(file, timeout),
            Self::Flock => {
                let shell = "flock -w \"$0\" \"$1\" echo acquired || echo timed out";
                printed(&run_to_end(Command::new("sh").args(["-c", shell, timeout]).arg(file)))
            }
        }
    }
}

#[test]
fn a_lock_held_by_others_is_unavailable_here() {
    for other in Other::all() {
        let folder = folder();
        let holder = other.holding(&folder.path().join("x.lock"));
        let lock = lock(folder.path(), "x");
        assert!(lock.try_acquire().unwrap_err().is_timeout());
        assert!(lock.shared().try_acquire().unwrap_err().is_timeout());
        holder.release();
        drop(lock.try_acquire().unwrap());
    }
}

#[test]
fn a_lock_held_here_is_unavailable_to_others() {
    for other in Other::all() {
        let folder = folder();
        let file = folder.path().join("x.lock");
        let lock = lock(folder.path(), "x");
        for held in [lock.clone(), lock.shared()] {
            let guard = held.acquire().unwrap();
            assert_eq!(other.attempt(&file, "0"), "timed out");
            drop(guard);
            assert_eq!(other.attempt(&file, "0"), "acquired");
        }
    }
}

#[test]
fn a_wait_for_others_times_out() {
    for other in Other::all() {
        let folder = folder();
        let holder = other.holding(&folder.path().join("x.lock"));
        let timeout = Duration::from_millis(200);
        let start = Instant::now();
        let error = lock(folder.path(), "x").timeout(timeout).acquire().unwrap_err();
        assert!(error.is_timeout() && start.elapsed() >= timeout, "{error}");
        holder.release();
    }
}

#[test]
fn a_wait_of_others_times_out() {
    for other in Other::all() {
        let folder = folder();
        let guard = lock(folder.path(), "x").acquire().unwrap();
        assert_eq!(other.attempt(&folder.path().join("x.lock"), "0.2"), "timed out");
        drop(guard);
    }
}

#[test]
fn a_wait_for_others_ends_when_they_release() {
    for other in Other::all() {
        let folder = folder();
        let file = folder.path().join("x.lock");
        let holder = other.holding(&file);
        let lock = lock(folder.path(), "x").timeout(LONG);
        std::thread::scope(|scope| {
            let waiter = scope.spawn(|| lock.acquire());
            wait_until("it waits", || blocked_on(&file) > 0);
            holder.release();
            let guard = waiter.join().unwrap().unwrap();
            assert!(File::open(&file).is_ok(), "what is locked has its name");
            assert_eq!(other.attempt(&file, "0"), "timed out");
            drop(guard);
        });
    }
}

#[test]
fn a_wait_of_others_ends_with_a_release_here() {
    for other in Other::all() {
        let folder = folder();
        let file = folder.path().join("x.lock");
        let guard = lock(folder.path(), "x").acquire().unwrap();
        std::thread::scope(|scope| {
            let waiter = scope.spawn(|| other.attempt(&file, "60"));
            drop(guard);
            assert_eq!(waiter.join().unwrap(), "acquired");
        });
    }
}

#[test]
fn readers_of_flock_1_and_of_this_library_share() {
    let folder = folder();
    let file = folder.path().join("x.lock");
    let lock = lock(folder.path(), "x");
    let theirs = Child::flock(&file, "-s");
    let ours = lock.shared().try_acquire().unwrap();
    let writes = |flag| {
        let arguments = ["-n", flag].map(String::from);
        Command::new("flock").args(arguments).arg(&file).arg("true").status().unwrap().success()
    };
    assert!(writes("-s") && !writes("-x"));
    drop(ours);
    assert!(lock.try_acquire().unwrap_err().is_timeout());
    theirs.release();
    drop(lock.try_acquire().unwrap());
}
