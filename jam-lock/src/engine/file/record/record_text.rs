//! [`RecordText`]: a record as it is in its file, for those who do not hold the lock.

use std::path::Path;

use super::format::{Content, Record};
use super::io::{Buffer, read_path};

/// The texts of a record, which can be compared at less cost than they are parsed.
#[derive(Debug, PartialEq)]
pub(in crate::engine::file) struct RecordText(Box<[u8]>);

impl RecordText {
    /// Reads the file at `path`, if there is one that can be read.
    pub(in crate::engine::file) fn read(path: &Path) -> Option<Self> {
        Some(Self(read_path(path, &mut Buffer::new()).ok()?.into()))
    }

    /// The record, if the file is one.
    pub(in crate::engine::file) fn parse(&self) -> Option<Record> {
        parse(&self.0)
    }
}

/// The record at `path`, if there is one that can be read.
pub(in crate::engine::file) fn read_record(path: &Path) -> Option<Record> {
    parse(read_path(path, &mut Buffer::new()).ok()?)
}

fn parse(bytes: &[u8]) -> Option<Record> {
    match Content::parse(bytes) {
        Content::Record(record) => Some(record),
        Content::Empty | Content::Foreign => None,
    }
}
