//! [`LockSnapshot`]: a lock file and its record, as they are before the lookup.

use std::fs::{self, Metadata};
use std::io;
use std::path::{Path, PathBuf};

use crate::engine::file::record::{self, Record, RecordFile};
use crate::engine::file::syscall::{Syscall, retry};

/// A lock file, and its record as it was before the processes were listed.
///
/// The order matters: a holder that releases the lock after its record was read is not listed
/// anymore.
pub(in crate::engine::file) struct LockSnapshot {
    pub(in crate::engine::file) path: PathBuf,
    pub(in crate::engine::file) metadata: Metadata,
    pub(in crate::engine::file) record: Option<Record>,
}

impl LockSnapshot {
    /// Reads the metadata and the record of the lock file at `path`.
    pub(in crate::engine::file) fn take(path: &Path) -> io::Result<Self> {
        let metadata = retry(Syscall::Metadata, path, || fs::symlink_metadata(path))?;
        let is_file = metadata.is_file();
        let record = is_file.then(|| record::read_record(&RecordFile::path(path))).flatten();
        Ok(Self { path: path.to_owned(), metadata, record })
    }
}
