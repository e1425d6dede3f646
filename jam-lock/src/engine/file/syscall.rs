//! Every system call of the engine goes through [`retry`], so that signals interrupt nothing and
//! tests can make any call fail.

#[cfg(all(test, target_os = "linux"))]
pub(super) mod faults;

use std::fs::File;
use std::io;
use std::path::Path;

#[cfg(all(test, target_os = "linux"))]
use self::faults::fault;

/// A kind of call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Syscall {
    CreateFolder,
    List,
    Resolve,
    Open,
    Create,
    #[cfg(unix)]
    Link,
    #[cfg(unix)]
    SetMode,
    SetTime,
    Metadata,
    TryLock,
    Lock,
    Unlock,
    Read,
    Write,
    Truncate,
    Remove,
    Rename,
    StartThread,
}

/// The file or the path that a call is applied to.
pub(super) trait Target {
    #[cfg(all(test, target_os = "linux"))]
    fn path(&self) -> std::path::PathBuf;
}

/// Makes a system call, and makes it again as long as signals interrupt it.
///
/// The standard library retries some calls, and fs2 none.
pub(super) fn retry<T>(
    syscall: Syscall,
    target: &(impl Target + ?Sized),
    mut call: impl FnMut() -> io::Result<T>,
) -> io::Result<T> {
    loop {
        // Without combinators, whose code would be compiled for each call.
        let result = match fault(syscall, target) {
            Ok(()) => call(),
            Err(error) => Err(error),
        };
        match result {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            result => return result,
        }
    }
}

impl Target for Path {
    #[cfg(all(test, target_os = "linux"))]
    fn path(&self) -> std::path::PathBuf {
        self.to_owned()
    }
}

impl Target for File {
    #[cfg(all(test, target_os = "linux"))]
    fn path(&self) -> std::path::PathBuf {
        faults::path_of(self)
    }
}

/// The inode number of the file at `path`; a test can make it change with every call.
#[cfg(all(test, target_os = "linux"))]
pub(super) fn inode(path: &Path, number: u64) -> u64 {
    faults::inode(path, number)
}

#[cfg(all(unix, not(all(test, target_os = "linux"))))]
pub(super) fn inode(_: &Path, number: u64) -> u64 {
    number
}

/// Injects no fault outside of tests.
#[cfg(not(all(test, target_os = "linux")))]
#[expect(clippy::unnecessary_wraps, reason = "in tests, faults are errors")]
fn fault(_: Syscall, _: &(impl Target + ?Sized)) -> io::Result<()> {
    Ok(())
}
