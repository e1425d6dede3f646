//! One scene, played with every fault: what is done, and what has to be true afterwards.

use std::fs::{self, File};
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use rustix::fs::{FlockOperation, flock};

use crate::engine::Mode;
use crate::engine::file::blocking_pool::{self, MAX_THREADS, PoolWaitId, Wait};
use crate::engine::file::lock_file::LockFile;
use crate::engine::file::polling;
use crate::engine::file::system::Call;
use crate::engine::file::system::faults::{Asked, Observed, path_of};
use crate::error::LockError;
use crate::guard::LockGuard;
use crate::locks::Locks;
use crate::name::LockName;

pub(super) type Outcome = Result<(), LockError>;

/// Longer than any step of a test takes.
pub(super) const LONG: Duration = Duration::from_secs(60);

/// What the calls of the engine are documented to fail with, and what file systems add to that.
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

/// Something that is done with the lock `name`, whose file is at the path.
pub(super) struct Scene {
    pub(super) name: fn() -> LockName,
    /// Whether the lock outlives it, with what the process knows of it.
    pub(super) is_kept: bool,
    pub(super) act: fn(&Locks, &Path) -> Outcome,
}

impl Scene {
    /// Has every call of the scene fail with every error in turn.
    pub(super) fn with_every_fault(&self) {
        let asked = self.play(None);
        assert!(asked.len() > 3, "{asked:?}");
        for number in 0..asked.len() {
            for error in ERRORS {
                self.play(Some((number, error)));
            }
        }
    }

    /// Plays it in a folder of its own, and tells what the system was asked.
    fn play(&self, fault: Option<(usize, i32)>) -> Vec<Asked> {
        let folder = tempfile::tempdir().unwrap();
        let folder = folder.path().canonicalize().unwrap().join("locks");
        let locks = Locks::open(&folder).unwrap();
        let path = folder.join(format!("{}.lock", (self.name)()));
        let kept = self.is_kept.then(|| locks.lock((self.name)()));

        let observed = Observed::new(&folder, fault);
        let result = (self.act)(&locks, &path);
        let asked = observed.asked();
        drop(observed);

        let what =
            fault.map(|(number, error)| (asked.get(number), io::Error::from_raw_os_error(error)));
        check(&result, &folder, &asked, fault);
        if path.exists() {
            until(&format!("{what:?}: to be free"), || Rival::try_holding(&path).is_some());
        }
        let mut again = (self.act)(&locks, &path);
        let is_of_a_wait = matches!(what, Some((Some((Call::Lock | Call::TryLock, _)), _)));
        if is_of_a_wait && again.is_err() {
            // The waiter has gone, and a wait that failed since reports to the next one.
            again = (self.act)(&locks, &path);
        }
        assert!(again.is_ok(), "{what:?}: {again:?}");
        drop((kept, locks));
        until(&format!("{what:?}: no file left open"), || open_files_below(&folder) == 0);
        asked
    }
}

/// Whether the scene ended as it should with the fault that it met.
fn check(result: &Outcome, folder: &Path, asked: &[Asked], fault: Option<(usize, i32)>) {
    let met = fault.and_then(|(number, error)| Some((asked.get(number)?, error)));
    match (met, result) {
        (None, _) => assert!(result.is_ok(), "{result:?}"),
        // What is done again, and what is for diagnosis or tidiness alone.
        (Some((_, libc::EINTR) | ((Call::Remove, _), _)), _) => {
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

/// Has others find the lock held for as long as the guard is there, then releases it.
pub(super) fn section(guard: LockGuard, path: &Path) -> Outcome {
    assert!(Rival::try_holding(path).is_none(), "it is not locked");
    guard.release()
}

/// Somebody else, whose calls do not go through the engine.
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

    /// Releases the lock as soon as `ready` says so of the number of those who wait for it.
    pub(super) fn release_when(self, ready: impl Fn(usize) -> bool) {
        let inode = format!(":{} ", self.file.metadata().unwrap().ino());
        until("somebody to wait", || {
            let locks = fs::read_to_string("/proc/locks").unwrap();
            let is_waiting = |line: &&str| line.contains("-> FLOCK") && line.contains(&inode);
            let polled = polling::count(&path_of(&self.file));
            ready(locks.lines().filter(is_waiting).count() + polled)
        });
    }
}

/// Waits that keep every thread busy that could block, until it is dropped.
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
            let file = Arc::new(LockFile::open(&path, None).unwrap());
            let (id, done) = (PoolWaitId::next(), Box::new(|_| ()));
            let (mode, is_blocking, pause) = (Mode::Exclusive, true, Duration::ZERO);
            let wait = Wait { id, file, mode, is_blocking, pause, done };
            blocking_pool::start(wait, &path).unwrap();
        }
        // A thread that was busy elsewhere takes over one of those that are polled.
        until("threads to be blocked", || polling::count(&path) <= MAX_THREADS);
        Self { _rival: rival, _folder: folder }
    }
}

/// Waits for what other threads bring about.
fn until(what: &str, mut happened: impl FnMut() -> bool) {
    let start = Instant::now();
    while !happened() {
        assert!(start.elapsed() < LONG, "{what}: in vain");
        thread::sleep(Duration::from_micros(100));
    }
}

fn open_files_below(folder: &Path) -> usize {
    let descriptors = fs::read_dir("/proc/self/fd").unwrap();
    let targets = descriptors.filter_map(|entry| fs::read_link(entry.ok()?.path()).ok());
    targets.filter(|target| target.starts_with(folder)).count()
}
