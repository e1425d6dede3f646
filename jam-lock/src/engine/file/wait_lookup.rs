//! Looks up what the holder of a lock file waits for.

use std::fs;
use std::path::Path;

use super::holder_lookup::{self, LockSnapshot};
use super::record::{RecordFile, read_waits};
use super::syscall::{Syscall, retry};
use crate::engine::FoundWaits;

/// What the holder of the lock file at `lock` waits for, if it is in another process.
///
/// The record is read first, and the processes are listed afterwards: a process that is listed then,
/// and runs, is the one that has written the record. Since it clears what it has recorded before its
/// wait ends, it was waiting when the record was read.
pub(super) fn find(lock: &Path) -> FoundWaits {
    let Ok(metadata) = retry(Syscall::Metadata, lock, || fs::symlink_metadata(lock)) else {
        return FoundWaits::None;
    };
    let Some((record, waits)) = read_waits(&RecordFile::path(lock)) else {
        return FoundWaits::None;
    };
    if waits.is_empty() {
        return FoundWaits::None;
    }
    let (path, record) = (lock.to_owned(), Some(record));
    let snapshot = LockSnapshot { path, metadata, record, record_text: None };
    match holder_lookup::confirm(&snapshot) {
        Some(holder) => FoundWaits::Waiting(Box::new(holder), waits),
        None => FoundWaits::Unconfirmed,
    }
}
