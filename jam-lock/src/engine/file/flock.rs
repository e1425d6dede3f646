//! The calls on which everything rests; no other file may make them.
//!
//! fs2 is called by full path, because since Rust 1.89 `File` has methods of the same names.

#![expect(clippy::disallowed_methods, reason = "the one place where files are locked")]

use std::fs::File;
use std::io;

use super::system::{Call, ask};
use crate::engine::Mode;

/// Locks `file` if nobody is in the way; `false` where somebody is.
pub(super) fn try_lock(file: &File, mode: Mode) -> io::Result<bool> {
    let locked = ask(Call::TryLock, file, || match mode {
        Mode::Exclusive => fs2::FileExt::try_lock_exclusive(file),
        Mode::Shared => fs2::FileExt::try_lock_shared(file),
    });
    match locked {
        Ok(()) => Ok(true),
        Err(error) if is_contention(&error) => Ok(false),
        Err(error) => Err(error),
    }
}

/// Locks `file`, and blocks until it can.
pub(super) fn lock(file: &File, mode: Mode) -> io::Result<()> {
    ask(Call::Lock, file, || match mode {
        Mode::Exclusive => fs2::FileExt::lock_exclusive(file),
        Mode::Shared => fs2::FileExt::lock_shared(file),
    })
}

/// Unlocks `file`. Closing it would not do: a child that was just being spawned may still have it
/// open, and would hold the lock until it has executed its program.
pub(super) fn unlock(file: &File) -> io::Result<()> {
    ask(Call::Unlock, file, || fs2::FileExt::unlock(file))
}

/// Contention is known by its number alone: Windows has no `io::ErrorKind` for it.
fn is_contention(error: &io::Error) -> bool {
    error.raw_os_error() == fs2::lock_contended_error().raw_os_error()
}
