//! Opens the files of a lock folder: never through a link, and never blocking.

use std::fs::{File, FileType, OpenOptions};
use std::io::{self, ErrorKind};
use std::path::Path;

use super::platform;
use super::syscall::{Syscall, retry};

/// Opens an existing file for reading and writing; without `O_CREAT`, which a sticky folder refuses
/// for other users' files.
pub(super) fn read_write(path: &Path) -> io::Result<File> {
    let mut options = platform::open_options();
    options.write(true);
    retry(Syscall::Open, path, || platform::open(&options, path))
}

/// Opens an existing file for reading.
pub(super) fn read_only(path: &Path) -> io::Result<File> {
    retry(Syscall::Open, path, || platform::open(&platform::open_options(), path))
}

/// Opens an existing file for reading and writing, or only for reading if writing is denied.
pub(super) fn as_permitted(path: &Path) -> io::Result<File> {
    match read_write(path) {
        Err(error) if is_denied(&error) => read_only(path).map_err(|_| error),
        opened => opened,
    }
}

/// Whether a file that could not be opened for writing may still be readable.
pub(super) fn is_denied(error: &io::Error) -> bool {
    matches!(error.kind(), ErrorKind::PermissionDenied | ErrorKind::ReadOnlyFilesystem)
}

/// Creates a file for reading and writing where there is none.
pub(super) fn create_new(mut options: OpenOptions, path: &Path) -> io::Result<File> {
    options.write(true).create_new(true);
    retry(Syscall::Create, path, || platform::open(&options, path))
}

/// The kind of a file; `None` for a regular file.
pub(super) fn irregularity(kind: FileType) -> Option<&'static str> {
    if kind.is_file() {
        None
    } else if kind.is_symlink() {
        Some("a symbolic link")
    } else if kind.is_dir() {
        Some("a folder")
    } else {
        Some("a pipe, a device or a socket")
    }
}
