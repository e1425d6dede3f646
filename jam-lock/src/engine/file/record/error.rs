//! The errors of records: the operation, the file, the system's error and the remedy.

use std::fs;
use std::io::{self, ErrorKind};
use std::path::Path;

use crate::engine::RecordError;
use crate::engine::file::open::irregularity;
use crate::error::LockError;

/// The error of an operation on the file at `path`.
pub(super) fn io_error(operation: &'static str, path: &Path, error: io::Error) -> LockError {
    LockError::Io { operation, path: path.to_owned(), error }
}

/// The error of a record that could not be read, and so may hide that the lock was abandoned.
pub(super) fn unreadable(path: &Path, error: io::Error) -> RecordError {
    let error = io_error("read the holder record", path, error);
    RecordError { error, may_hide_abandonment: true }
}

/// The error of a record that another holder has written, while this process holds the lock.
pub(super) fn written_by_another(path: &Path) -> LockError {
    let text = "another holder has written it, because the lock file was removed or replaced";
    io_error("write the holder record", path, io::Error::other(text))
}

/// The error of a file that is not a record.
pub(super) fn foreign() -> io::Error {
    io::Error::new(ErrorKind::InvalidData, "it is not a holder record: move it away")
}

/// The error of a file that is of the wrong kind.
pub(super) fn wrong_kind(kind: &str) -> io::Error {
    io::Error::new(ErrorKind::InvalidInput, format!("it is {kind}: move it away"))
}

/// Why `path` could not be opened: because it is no regular file, or else `error`.
pub(super) fn open_error(path: &Path, error: io::Error) -> io::Error {
    let metadata = fs::symlink_metadata(path).ok();
    let kind = metadata.and_then(|metadata| irregularity(metadata.file_type()));
    kind.map_or(error, wrong_kind)
}
