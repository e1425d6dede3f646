//! [`Scenario`]: runs with every fault, and checks the result and the state afterwards.

use std::fs::{self, File};
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use rustix::fs::{FlockOperation, flock};

use crate::engine::Mode;
use crate::engine::file::blocking_pool::{self, MAX_THREADS};
use crate::engine::file::flock_wait::{FlockWait, FlockWaitId};
use crate::engine::file::lock_file::LockFile;
use crate::engine::file::polling;
use crate::engine::file::syscall::Syscall;
use crate::engine::file::syscall::faults::{SyscallTrace, TracedCall, path_of};
use crate::error::LockError;
use crate::guard::LockGuard;
use crate::locks::Locks;
use crate::name::LockName;

pub(super) type RunResult = Result<(), LockError>;

/// Longer than any step of a test takes.
pub(super) const LONG: Duration = Duration::from_secs(60);

/// The errors that the engine's calls are documented to fail with, and those that file systems add.
pub(super) const ERRORS: [i32; 11] = [
    libc::EINTR,
    libc::EAGAIN,
    libc::ENOLCK,
    libc::ENOSYS,
    libc::EIO,
    libc::ENOSPC,
    libc::EMFILE,
    libc::ENFILE,
    libc::EACCES,
    libc::EROFS,
    libc::ESTALE,
];

/// A use of the lock `name`, which `run` gets with the path of its file.
pub(super) struct Scenario {
    pub(super) name: fn() -> LockName,
    /// Whether the lock outlives the run, and with it the claim and its open files.
    pub(super) keeps_lock: bool,
    pub(super) run: fn(&Locks, &Path) -> RunResult,
}

impl Scenario {
    /// Makes every call of the scenario fail with every error in turn.
    pub(super) fn with_every_fault(&self) {
        let calls = self.run_with(None);
        assert!(calls.len() > 3, "{calls:?}");
        for number in 0..calls.len() {
            for error in ERRORS {
                self.run_with(Some((number, error)));
            }
        }
    }

    /// Runs it in a folder of its own, and returns its calls.
    fn run_with(&self, fault: Option<(usize, i32)>) -> Vec<TracedCall> {
        let folder = tempfile::tempdir().unwrap();
        let folder = folder.path().canonicalize().unwrap().join("locks");
        let locks = Locks::open(&folder).unwrap();
        let path = folder.join(format!("{}.lock", (self.name)()));
        let kept = self.keeps_lock.then(|| locks.lock((self.name)()));

        let trace = SyscallTrace::new(&folder, fault);
        let result = (self.run)(&locks, &path);
        let calls = trace.calls();
        drop(trace);

        let what =
            fault.map(|(number, error)| (calls.get(number), io::Error::from_raw_os_error(error)));
        check(&result, &folder, &calls, fault);
        if path.exists() {
            until(&format!("{what:?}: to be free"), || Rival::try_holding(&path).is_some());
        }
        let mut again = (self.run)(&locks, &path);
        let is_of_a_wait = matches!(what, Some((Some((Syscall::Lock | Syscall::TryLock, _)), _)));
        if is_of_a_wait && again.is_err() {
            // A wait that failed after its waiter had left reports its error to the next one.
            again = (self.run)(&locks, &path);
        }
        assert!(again.is_ok(), "{what:?}: {again:?}");
        drop((kept, locks));
        until(&format!("{what:?}: no file left open"), || open_files_below(&folder) == 0);
        calls
    }
}

/// Checks that the result is right for the fault that occurred.
fn check(result: &RunResult, folder: &Path, calls: &[TracedCall], fault: Option<(usize, i32)>) {
    let met = fault.and_then(|(number, error)| Some((calls.get(number)?, error)));
    match (met, result) {
        (None, _) => assert!(result.is_ok(), "{result:?}"),
        // Calls that are retried, and those that only clean up.
        (
            Some((_, libc::EINTR) | ((Syscall::Remove, _), _) | ((Syscall::Lock, _), libc::ESTALE)),
            _,
        ) => {
            assert!(result.is_ok(), "{met:?}: {result:?}");
        }
        (Some(_), Ok(())) | (Some((_, libc::ENOSYS)), Err(LockError::Unsupported { .. })) => {}
        (Some((_, expected)), Err(LockError::Io { path, error, .. })) => {
            assert_eq!(error.raw_os_error(), Some(expected), "{met:?}: {result:?}");
            assert!(path.starts_with(folder), "{met:?}: {result:?}");
        }
        _ => panic!("{met:?}: {result:?}"),
    }
}

/// The name of a lock that is not keyed.
pub(super) fn lock_name(name: &'static str) -> LockName {
    LockName::declared(name, "faults", 0)
}

/// Checks that other processes find the lock held, and releases it.
pub(super) fn check_and_release(guard: LockGuard, path: &Path) -> RunResult {
    assert!(Rival::try_holding(path).is_none(), "it is not locked");
    guard.release()
}

/// Another holder, whose calls do not go through the engine.
pub(super) struct Rival {
    file: File,
}

impl Rival {
    pub(super) fn holding(path: &Path) -> Self {
        let file = File::options().append(true).create(true).open(path).unwrap();
        flock(&file, FlockOperation::LockExclusive).unwrap();
        Self { file }
    }

    fn try_holding(path: &Path) -> Option<Self> {
        let file = File::open(path).ok()?;
        flock(&file, FlockOperation::NonBlockingLockExclusive).ok()?;
        Some(Self { file })
    }

    /// Releases the lock as soon as `ready` is true for the number of waiters.
    pub(super) fn release_when(self, ready: impl Fn(usize) -> bool) {
        let inode = format!(":{} ", self.file.metadata().unwrap().ino());
        until("a waiter", || {
            let locks = fs::read_to_string("/proc/locks").unwrap();
            let is_waiting = |line: &&str| line.contains("-> FLOCK") && line.contains(&inode);
            let polled = polling::count(&path_of(&self.file));
            ready(locks.lines().filter(is_waiting).count() + polled)
        });
    }
}

/// Keeps every thread of the blocking pool busy, until it is dropped.
pub(super) struct AllThreadsBlocked {
    _rival: Rival,
    _folder: tempfile::TempDir,
}

impl AllThreadsBlocked {
    pub(super) fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().canonicalize().unwrap().join("x.lock");
        let rival = Rival::holding(&path);
        for _ in 0..2 * MAX_THREADS {
            let file = Arc::new(LockFile::open(&path, None, Mode::Exclusive).unwrap());
            let (id, done) = (FlockWaitId::next(), Box::new(|_| ()));
            let (mode, is_blocking, pause) = (Mode::Exclusive, true, Duration::ZERO);
            let wait = FlockWait { id, file, mode, is_blocking, pause, done };
            blocking_pool::start(wait, &path).unwrap();
        }
        // A thread that was busy with another wait takes over a polled one.
        until("threads to be blocked", || polling::count(&path) <= MAX_THREADS);
        Self { _rival: rival, _folder: folder }
    }
}

/// Waits for something that other threads cause.
fn until(what: &str, mut happened: impl FnMut() -> bool) {
    let start = Instant::now();
    while !happened() {
        assert!(start.elapsed() < LONG, "{what}: timed out");
        thread::sleep(Duration::from_micros(100));
    }
}

fn open_files_below(folder: &Path) -> usize {
    let descriptors = fs::read_dir("/proc/self/fd").unwrap();
    let targets = descriptors.filter_map(|entry| fs::read_link(entry.ok()?.path()).ok());
    targets.filter(|target| target.starts_with(folder)).count()
}
