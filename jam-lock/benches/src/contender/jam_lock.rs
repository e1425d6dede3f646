//! This library.

use std::ffi::OsStr;
use std::path::Path;
use std::process;

use jam_lock::{Lock, LockError, LockGuard, LockName, Locks};

use super::{Outcome, Section, TIMEOUT};

/// A lock, and how its guard is released.
struct JamLock {
    lock: Lock,
    release: fn(LockGuard) -> Result<(), LockError>,
}

pub(super) fn open(path: &Path) -> Outcome<Box<dyn Section>> {
    with_records(path, true, dropped)
}

/// Releases with `LockGuard::release`, which looks at the file once more.
pub(super) fn released(path: &Path) -> Outcome<Box<dyn Section>> {
    with_records(path, true, LockGuard::release)
}

pub(super) fn without_records(path: &Path) -> Outcome<Box<dyn Section>> {
    with_records(path, false, dropped)
}

/// Acquires the lock while it holds one of its own.
pub(super) fn nested(path: &Path) -> Outcome<Box<dyn Section>> {
    let own = path.with_file_name(format!("held by {}.lock", process::id()));
    Ok(Box::new(Nested { outer: open(&own)?, inner: open(path)? }))
}

struct Nested {
    outer: Box<dyn Section>,
    inner: Box<dyn Section>,
}

impl Section for Nested {
    fn run(&mut self, inside: &mut dyn FnMut()) -> Outcome {
        let mut result = Ok(());
        self.outer.run(&mut || result = self.inner.run(inside))?;
        result
    }
}

/// Acquires one of three permits, of which two are always held by one of the processes that measure.
pub(super) fn permits(path: &Path) -> Outcome<Box<dyn Section>> {
    const PERMITS: u32 = 3;
    let folder = path.parent().ok_or("a lock file is in a folder")?;
    let name = path.file_stem().and_then(OsStr::to_str).ok_or("a contender's name is text")?;
    let name = LockName::new(name)?.with_permits(PERMITS)?;
    let lock = Locks::open(folder)?.lock(name).timeout(TIMEOUT);
    let mut kept = Vec::new();
    while let Ok(guard) = lock.try_acquire() {
        if guard.permit() == PERMITS {
            break;
        }
        kept.push(guard.detach());
    }
    Ok(Box::new(Permits { lock, _kept: kept }))
}

struct Permits {
    lock: Lock,
    _kept: Vec<LockGuard>,
}

impl Section for Permits {
    fn run(&mut self, inside: &mut dyn FnMut()) -> Outcome {
        let guard = self.lock.acquire()?;
        inside();
        drop(guard);
        Ok(())
    }
}

/// What the end of a section does.
#[expect(clippy::unnecessary_wraps, reason = "it stands beside `LockGuard::release`")]
fn dropped(guard: LockGuard) -> Result<(), LockError> {
    drop(guard);
    Ok(())
}

fn with_records(
    path: &Path,
    record: bool,
    release: fn(LockGuard) -> Result<(), LockError>,
) -> Outcome<Box<dyn Section>> {
    let folder = path.parent().ok_or("a lock file is in a folder")?;
    let name = path.file_stem().and_then(OsStr::to_str).ok_or("a contender's name is text")?;
    let locks = Locks::builder().folder(folder).record_holders(record).open()?;
    let lock = locks.lock(LockName::new(name)?);
    Ok(Box::new(JamLock { lock: lock.timeout(TIMEOUT), release }))
}

impl Section for JamLock {
    fn run(&mut self, inside: &mut dyn FnMut()) -> Outcome {
        let guard = self.lock.acquire()?;
        inside();
        Ok((self.release)(guard)?)
    }
}
