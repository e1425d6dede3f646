//! The mark of a folder whose keyed files stay, because it is also used where a removal may go unnoticed.
//!
//! A process that reaches the folder through a file system in user space, or on another machine, may lock a file
//! that was removed at its source just before, and a look at the path does not show it that. So it marks the
//! folder before it uses a keyed name, and the processes at the source remove nothing from then on.

use std::fs;
use std::path::{Path, PathBuf};
#[cfg(target_os = "linux")]
use std::thread;
use std::time::Duration;

#[cfg(target_os = "linux")]
use super::create::create;
use super::syscall::{Syscall, retry};

const NAME: &str = ".keyed-files-stay";

/// Longer than a removal takes from its look at the mark on. One that began before the mark was set is over
/// then.
#[cfg(target_os = "linux")]
const REMOVAL_TIME: Duration = Duration::from_millis(200);

/// Whether the folder of the lock file at `lock` is marked.
pub(super) fn is_set(lock: &Path) -> bool {
    age(&path(lock)).is_some()
}

/// Marks the folder of the lock file at `lock`, where that is possible; a new file gets these
/// `permissions`.
#[cfg(target_os = "linux")]
pub(super) fn set(lock: &Path, permissions: Option<u32>) {
    let path = path(lock);
    let is_new = match age(&path) {
        Some(age) => age < REMOVAL_TIME,
        None => create(&path, permissions).is_ok(),
    };
    if is_new {
        thread::sleep(REMOVAL_TIME);
    }
}

/// How long ago the mark was set, if it is; a time in the future is long ago.
fn age(path: &Path) -> Option<Duration> {
    let metadata = retry(Syscall::Metadata, path, || fs::symlink_metadata(path)).ok()?;
    let age = metadata.modified().ok().and_then(|modified| modified.elapsed().ok());
    Some(age.unwrap_or(Duration::MAX))
}

fn path(lock: &Path) -> PathBuf {
    lock.with_file_name(NAME)
}
