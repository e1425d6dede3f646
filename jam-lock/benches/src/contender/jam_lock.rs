//! This library.

use std::ffi::OsStr;
use std::path::Path;

use jam_lock::{Lock, LockName, Locks};

use super::{Outcome, Section, TIMEOUT};

struct JamLock(Lock);

pub(super) fn open(path: &Path) -> Outcome<Box<dyn Section>> {
    with_records(path, true)
}

pub(super) fn without_records(path: &Path) -> Outcome<Box<dyn Section>> {
    with_records(path, false)
}

fn with_records(path: &Path, record: bool) -> Outcome<Box<dyn Section>> {
    let folder = path.parent().ok_or("a lock file is in a folder")?;
    let name = path.file_stem().and_then(OsStr::to_str).ok_or("a contender's name is text")?;
    let locks = Locks::builder().folder(folder).record_holders(record).open()?;
    let lock = locks.lock(LockName::new(name)?);
    Ok(Box::new(JamLock(lock.timeout(TIMEOUT))))
}

impl Section for JamLock {
    fn run(&mut self, inside: &mut dyn FnMut()) -> Outcome {
        let guard = self.0.acquire()?;
        inside();
        Ok(guard.release()?)
    }
}
