//! Removes the record of a keyed name, unless that would lose an abandonment or a token.

use std::fs;
use std::io::ErrorKind;
use std::path::Path;

use super::format::{self, Content, Record, RunText};
use super::io::{Buffer, read_path};
use super::token_floor::TokenFloor;
use crate::engine::file::syscall::{Syscall, retry};
use crate::wall_clock;

/// Removes the record of a keyed name at `path`, and returns whether none is left.
///
/// It stays if the lock was abandoned, if the next run of its job may not begin yet, if its token cannot be saved, or if the file is no record.
pub(in crate::engine::file) fn remove(path: &Path) -> bool {
    let mut buffer = Buffer::new();
    let bytes = match read_path(path, &mut buffer) {
        Ok(bytes) => bytes,
        Err(error) => return error.kind() == ErrorKind::NotFound,
    };
    let may_remove = match Content::parse(bytes) {
        Content::Empty => true,
        Content::Foreign => false,
        Content::Record(record) => {
            let is_saved = |token| TokenFloor::for_record(path).raise(token).is_ok();
            is_dispensable(&record, bytes) && record.token.is_none_or(is_saved)
        }
    };
    may_remove && retry(Syscall::Remove, path, || fs::remove_file(path)).is_ok()
}

/// Whether the record at `path` is that of a keyed name whose lock was released cleanly, and whose next run,
/// if it is that of a job, may begin.
pub(in crate::engine::file) fn is_left_behind(path: &Path) -> bool {
    let mut buffer = Buffer::new();
    read_path(path, &mut buffer).is_ok_and(|bytes| {
        let is_dispensable = matches!(
            Content::parse(bytes), Content::Record(record) if is_dispensable(&record, bytes)
        );
        is_dispensable && format::is_of_keyed_name(bytes)
    })
}

/// Whether the next holder has nothing to learn from the record but its token.
fn is_dispensable(record: &Record, bytes: &[u8]) -> bool {
    record.is_clean()
        && match RunText::of(bytes) {
            RunText::Absent | RunText::Empty => true,
            RunText::Run(run) => run.is_over(wall_clock::of_runs()),
            RunText::Damaged => false,
        }
}
