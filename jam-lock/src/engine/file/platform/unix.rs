//! Unix: an open file may be removed, renamed or replaced at any time.

use std::fs::{self, File, Metadata, OpenOptions};
use std::io;
use std::os::unix::fs::{FileExt, MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::Path;
use std::time::Duration;

use crate::engine::file::syscall::{self, Syscall, retry};

/// Whether an open file can be removed or renamed.
pub(in crate::engine::file) const OPEN_FILES_CAN_MOVE: bool = true;

/// Whether a file can be tried on one thread while another blocks on the same open file.
pub(in crate::engine::file) const OPEN_FILES_CAN_BE_SHARED: bool = true;

/// Device and inode: equal for two paths that lead to the same file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::engine::file) struct FileId {
    device: u64,
    inode: u64,
}

impl FileId {
    /// The id of the file with this `metadata`, which is or was at `path`.
    pub(in crate::engine::file) fn new(path: &Path, metadata: &Metadata) -> Self {
        Self { device: metadata.dev(), inode: syscall::inode(path, metadata.ino()) }
    }
}

/// The number of hard links to a file.
pub(in crate::engine::file) fn link_count(metadata: &Metadata) -> u64 {
    metadata.nlink()
}

/// The times since 1970 at which a file was modified and changed, if no other user but root may write
/// to it, and it has one name.
pub(in crate::engine::file) fn times_if_owner_alone_writes(
    metadata: &Metadata,
) -> Option<(Duration, Duration)> {
    // With an access control list, the bits of the group are the most that it permits.
    const WRITABLE_BY_OTHERS: u32 = 0o022;
    let time = |seconds: i64, nanos: i64| {
        Some(Duration::new(seconds.try_into().ok()?, nanos.try_into().ok()?))
    };
    if metadata.mode() & WRITABLE_BY_OTHERS != 0 || metadata.nlink() != 1 {
        return None;
    }
    let modified = time(metadata.mtime(), metadata.mtime_nsec())?;
    Some((modified, time(metadata.ctime(), metadata.ctime_nsec())?))
}

/// The permissions of the file at `path`, if there is one.
pub(in crate::engine::file) fn permissions(path: &Path) -> Option<u32> {
    let metadata = retry(Syscall::Metadata, path, || fs::symlink_metadata(path));
    metadata.ok().map(|metadata| metadata.permissions().mode() & 0o777)
}

/// Options that read a file, and never follow a link.
pub(in crate::engine::file) fn open_options() -> OpenOptions {
    let mut options = OpenOptions::new();
    // O_NONBLOCK, because a FIFO or a lease at the path would stall the open.
    options.read(true).custom_flags(libc::O_NOFOLLOW | libc::O_CLOEXEC | libc::O_NONBLOCK);
    options
}

/// Opens the file at `path`.
pub(in crate::engine::file) fn open(options: &OpenOptions, path: &Path) -> io::Result<File> {
    options.open(path)
}

/// Reads from the start of `file`, with one call.
pub(in crate::engine::file) fn read_at_start(file: &File, bytes: &mut [u8]) -> io::Result<usize> {
    file.read_at(bytes, 0)
}

/// Writes to `file` at `start`, with one call.
pub(in crate::engine::file) fn write_at(
    file: &File,
    bytes: &[u8],
    start: u64,
) -> io::Result<usize> {
    file.write_at(bytes, start)
}
