//! How the files of a lock folder are opened: never through a link, and never waiting for it.

use std::fs::{File, FileType, OpenOptions};
use std::io;
use std::path::Path;

use super::system::{Call, ask};

/// To be written to; without `O_CREAT`, which a sticky folder refuses for other users' files.
pub(super) fn existing(path: &Path) -> io::Result<File> {
    ask(Call::Open, path, || open(options().write(true), path))
}

/// To be looked at only.
pub(super) fn readable(path: &Path) -> io::Result<File> {
    ask(Call::Open, path, || open(&options(), path))
}

/// A new file, where there is none: `mode` is its mode whatever the umask, else `0666 & ~umask`. It has
/// that mode when it appears.
pub(super) fn create(path: &Path, mode: Option<u32>) -> io::Result<File> {
    match mode {
        #[cfg(unix)]
        Some(mode) => super::with_mode::create(path, mode),
        _ => create_with(&options(), path),
    }
}

fn create_with(options: &OpenOptions, path: &Path) -> io::Result<File> {
    let mut options = options.clone();
    options.write(true).create_new(true);
    ask(Call::Create, path, || open(&options, path))
}

/// What else than a regular file this is.
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

#[cfg(unix)]
fn open(options: &OpenOptions, path: &Path) -> io::Result<File> {
    options.open(path)
}

/// Opens the file, and asks again for half a second where it may just be being removed: Windows
/// refuses it meanwhile, as it does what nobody may open.
///
/// It asks once for what can be seen to be refused for good.
#[cfg(windows)]
fn open(options: &OpenOptions, path: &Path) -> io::Result<File> {
    use std::thread;
    use std::time::{Duration, Instant};
    const ACCESS_DENIED: i32 = 5;
    const SHARING_VIOLATION: i32 = 32;
    const DELETE_PENDING: i32 = 303;
    let is_passing = |error: &io::Error| {
        let number = error.raw_os_error();
        matches!(number, Some(ACCESS_DENIED | SHARING_VIOLATION | DELETE_PENDING))
    };
    let is_for_good = || {
        let found = std::fs::symlink_metadata(path);
        found.is_ok_and(|found| !found.is_file() || found.permissions().readonly())
    };
    let start = Instant::now();
    loop {
        match options.open(path) {
            Err(error)
                if is_passing(&error)
                    && !is_for_good()
                    && start.elapsed() < Duration::from_millis(500) =>
            {
                thread::sleep(Duration::from_millis(1));
            }
            opened => return opened,
        }
    }
}

#[cfg(unix)]
fn options() -> OpenOptions {
    use std::os::unix::fs::OpenOptionsExt;
    let mut options = OpenOptions::new();
    // O_NONBLOCK, because a FIFO or a lease at the path would stall the open.
    options.read(true).custom_flags(libc::O_NOFOLLOW | libc::O_CLOEXEC | libc::O_NONBLOCK);
    options
}

/// A new file with `mode`, less the umask.
#[cfg(unix)]
pub(super) fn create_less_umask(path: &Path, mode: u32) -> io::Result<File> {
    use std::os::unix::fs::OpenOptionsExt;
    create_with(options().mode(mode), path)
}

#[cfg(windows)]
fn options() -> OpenOptions {
    use std::os::windows::fs::OpenOptionsExt;
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
