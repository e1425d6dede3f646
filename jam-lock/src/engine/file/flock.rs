//! The calls of `flock(2)`, on which everything rests: no other file makes them.
//!
//! fs2 is called by full path, because since Rust 1.89 `File` has methods of the same names.

#![expect(clippy::disallowed_methods, reason = "the one place where files are locked")]

use std::fs::File;
use std::io;
use std::path::Path;

use super::syscall::{Syscall, retry};
use crate::engine::Mode;
use crate::error::LockError;

/// Tries to lock `file` without waiting; `false` if another open file has it locked.
pub(super) fn try_lock(file: &File, mode: Mode) -> io::Result<bool> {
    let locked = retry(Syscall::TryLock, file, || match mode {
        Mode::Exclusive => fs2::FileExt::try_lock_exclusive(file),
        Mode::Shared => fs2::FileExt::try_lock_shared(file),
    });
    match locked {
        Ok(()) => Ok(true),
        Err(error) if is_contention(&error) => Ok(false),
        Err(error) => Err(error),
    }
}

/// Locks `file`, and blocks until it is free.
pub(super) fn lock(file: &File, mode: Mode) -> io::Result<()> {
    retry(Syscall::Lock, file, || match mode {
        Mode::Exclusive => fs2::FileExt::lock_exclusive(file),
        Mode::Shared => fs2::FileExt::lock_shared(file),
    })
}

/// Unlocks `file`.
///
/// Closing it is not enough: a child that is just being spawned may still have it open, and would
/// hold the lock until it executes its program.
pub(super) fn unlock(file: &File) -> io::Result<()> {
    retry(Syscall::Unlock, file, || fs2::FileExt::unlock(file))
}

/// The error of an operation on the lock file at `path`.
pub(super) fn lock_error(operation: &'static str, path: &Path, error: io::Error) -> LockError {
    if error.kind() == io::ErrorKind::Unsupported {
        LockError::Unsupported {
            what: "file locking (flock)",
            location: path.display().to_string(),
            remedy: "keep the lock folder on a local file system".into(),
        }
    } else {
        LockError::Io { operation, path: path.to_owned(), error }
    }
}

/// Whether an open file has become useless, because its file system was unmounted or has ended.
pub(super) fn is_stale(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, NotConnected, StaleNetworkFileHandle};
    matches!(error.kind(), ConnectionAborted | NotConnected | StaleNetworkFileHandle)
}

/// Contention is recognized by its error number: Windows has no `io::ErrorKind` for it.
fn is_contention(error: &io::Error) -> bool {
    error.raw_os_error() == fs2::lock_contended_error().raw_os_error()
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    #[test]
    fn a_file_system_without_flock_is_reported_as_unsupported() {
        let error = io::Error::from_raw_os_error(libc::ENOSYS);
        assert_eq!(
            lock_error("lock", Path::new("/mnt/x.lock"), error).to_string(),
            "file locking (flock) is not supported at /mnt/x.lock: \
             keep the lock folder on a local file system"
        );
    }

    #[test]
    fn other_errors_name_the_operation_and_the_file() {
        let error = io::Error::from_raw_os_error(libc::ENOLCK);
        let text = lock_error("lock", Path::new("/mnt/x.lock"), error).to_string();
        assert!(text.starts_with("cannot lock /mnt/x.lock: No locks available"), "{text}");
    }
}
