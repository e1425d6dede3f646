//! [`FileId`]: what a file or folder is, whatever it is called.

use std::fs::Metadata;
use std::path::Path;

/// Device and inode: equal for two paths that lead to one file.
#[cfg(unix)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct FileId {
    device: u64,
    inode: u64,
}

#[cfg(unix)]
impl FileId {
    /// That of the file at `path`, or last seen there, which `metadata` is of.
    pub(super) fn new(path: &Path, metadata: &Metadata) -> Self {
        use std::os::unix::fs::MetadataExt;
        Self { device: metadata.dev(), inode: super::system::inode(path, metadata.ino()) }
    }
}

/// Unknown, and equal to no other.
#[cfg(windows)]
#[derive(Clone, Copy, Debug)]
pub(super) struct FileId;

#[cfg(windows)]
impl FileId {
    pub(super) fn new(_: &Path, _: &Metadata) -> Self {
        Self
    }
}

#[cfg(windows)]
impl PartialEq for FileId {
    fn eq(&self, _: &Self) -> bool {
        false
    }
}
