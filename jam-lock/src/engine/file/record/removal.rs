//! Removes the record of a keyed name, unless that would lose an abandonment or a token.

use std::fs;
use std::io::ErrorKind;
use std::path::Path;

use super::format::{self, Content};
use super::io::{Buffer, read_path};
use super::token_floor::TokenFloor;
use crate::engine::file::syscall::{Syscall, retry};

/// Removes the record of a keyed name at `path`, and returns whether none is left.
///
/// It stays if the lock was abandoned, if its token cannot be saved, or if the file is no record.
pub(in crate::engine::file) fn remove(path: &Path) -> bool {
    let mut buffer = Buffer::new();
    let content = match read_path(path, &mut buffer) {
        Ok(bytes) => Content::parse(bytes),
        Err(error) => return error.kind() == ErrorKind::NotFound,
    };
    let may_remove = match content {
        Content::Empty => true,
        Content::Foreign => false,
        Content::Record(record) => {
            let is_saved = |token| TokenFloor::for_record(path).raise(token).is_ok();
            record.is_clean() && record.token.is_none_or(is_saved)
        }
    };
    may_remove && retry(Syscall::Remove, path, || fs::remove_file(path)).is_ok()
}

/// Whether the record at `path` is that of a keyed name whose lock was released cleanly.
pub(in crate::engine::file) fn is_left_behind(path: &Path) -> bool {
    let mut buffer = Buffer::new();
    read_path(path, &mut buffer).is_ok_and(|bytes| {
        let is_clean =
            matches!(Content::parse(bytes), Content::Record(record) if record.is_clean());
        is_clean && format::is_of_keyed_name(bytes)
    })
}
