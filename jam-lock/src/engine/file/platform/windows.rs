//! Windows: an open file keeps its name, because the engine opens files without
//! `FILE_SHARE_DELETE`.

use std::fs::{self, File, Metadata, OpenOptions};
use std::io;
use std::os::windows::fs::{FileExt, OpenOptionsExt};
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

/// Whether an open file can be removed or renamed.
pub(in crate::engine::file) const OPEN_FILES_CAN_MOVE: bool = false;

/// Whether a file can be tried on one thread while another blocks on the same open file: Windows
/// handles one request at a time for an open file, so the try would wait.
pub(in crate::engine::file) const OPEN_FILES_CAN_BE_SHARED: bool = false;

/// How long to retry an open that Windows refuses, perhaps because the file is just being removed.
const RETRY_TIME: Duration = Duration::from_millis(500);

/// Unknown, and equal to no other.
#[derive(Clone, Copy, Debug)]
pub(in crate::engine::file) struct FileId;

impl FileId {
    pub(in crate::engine::file) fn new(_: &Path, _: &Metadata) -> Self {
        Self
    }
}

impl PartialEq for FileId {
    fn eq(&self, _: &Self) -> bool {
        false
    }
}

/// One: Windows shows the number only of open files, at the cost of another call.
pub(in crate::engine::file) fn link_count(_: &Metadata) -> u64 {
    1
}

/// None: Windows has access control lists, so other users may write to any file.
pub(in crate::engine::file) fn times_if_owner_alone_writes(
    _: &Metadata,
) -> Option<(Duration, Duration)> {
    None
}

/// None: Windows has access control lists, which a file inherits from its folder.
pub(in crate::engine::file) fn permissions(_: &Path) -> Option<u32> {
    None
}

/// Options that read a file, and never follow a link.
pub(in crate::engine::file) fn open_options() -> OpenOptions {
    const FILE_SHARE_READ: u32 = 1;
    const FILE_SHARE_WRITE: u32 = 2;
    const FILE_FLAG_OPEN_REPARSE_POINT: u32 = 0x0020_0000;
    let mut options = OpenOptions::new();
    // Without FILE_SHARE_DELETE: Jam.py's remove on release would split the lock.
    options
        .read(true)
        .share_mode(FILE_SHARE_READ | FILE_SHARE_WRITE)
        .custom_flags(FILE_FLAG_OPEN_REPARSE_POINT);
    options
}

/// Opens the file at `path`, and retries while it may just be being removed: Windows refuses that
/// with the same error as a file that may not be opened at all.
pub(in crate::engine::file) fn open(options: &OpenOptions, path: &Path) -> io::Result<File> {
    let start = Instant::now();
    loop {
        match options.open(path) {
            Err(error)
                if may_be_transient(&error)
                    && !is_refused_for_good(path)
                    && start.elapsed() < RETRY_TIME =>
            {
                thread::sleep(Duration::from_millis(1));
            }
            opened => return opened,
        }
    }
}

fn may_be_transient(error: &io::Error) -> bool {
    const ACCESS_DENIED: i32 = 5;
    const SHARING_VIOLATION: i32 = 32;
    const DELETE_PENDING: i32 = 303;
    let code = error.raw_os_error();
    matches!(code, Some(ACCESS_DENIED | SHARING_VIOLATION | DELETE_PENDING))
}

/// Whether the file at `path` can never be opened, because it is not regular or is read-only.
fn is_refused_for_good(path: &Path) -> bool {
    let metadata = fs::symlink_metadata(path);
    metadata.is_ok_and(|metadata| !metadata.is_file() || metadata.permissions().readonly())
}

/// Reads from the start of `file`, with one call.
pub(in crate::engine::file) fn read_at_start(file: &File, bytes: &mut [u8]) -> io::Result<usize> {
    file.seek_read(bytes, 0)
}

/// Writes to `file` at `start`, with one call.
pub(in crate::engine::file) fn write_at(
    file: &File,
    bytes: &[u8],
    start: u64,
) -> io::Result<usize> {
    file.seek_write(bytes, start)
}
