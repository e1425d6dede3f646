//! [`LockSnapshot`]: a lock file and its record, as they are before the lookup.

use std::fs::{self, Metadata};
use std::io;
use std::path::{Path, PathBuf};

use crate::engine::file::record::{Record, RecordFile, RecordText};
use crate::engine::file::syscall::{Syscall, retry};

/// A lock file, and its record as it was before the processes were listed.
///
/// The order matters: a holder that releases the lock after its record was read is not listed
/// anymore.
pub(in crate::engine::file) struct LockSnapshot {
    pub(in crate::engine::file) path: PathBuf,
    pub(in crate::engine::file) metadata: Metadata,
    pub(in crate::engine::file) record: Option<Record>,
    /// The text of the record, if it was read with the rest.
    pub(in crate::engine::file) record_text: Option<RecordText>,
}

impl LockSnapshot {
    /// Reads the metadata and the record of the lock file at `path`.
    pub(in crate::engine::file) fn take(path: &Path) -> io::Result<Self> {
        let metadata = retry(Syscall::Metadata, path, || fs::symlink_metadata(path))?;
        let is_file = metadata.is_file();
        let record_text = is_file.then(|| RecordText::read(&RecordFile::path(path))).flatten();
        let record = record_text.as_ref().and_then(RecordText::parse);
        Ok(Self { path: path.to_owned(), metadata, record, record_text })
    }
}
