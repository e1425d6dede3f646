//! The way to the operating system: whatever the engine asks of it goes through here, so that no
//! signal disturbs anything, and a test can have anything fail.

#[cfg(all(test, target_os = "linux"))]
pub(super) mod faults;

use std::fs::File;
use std::io;
use std::path::Path;

#[cfg(all(test, target_os = "linux"))]
use self::faults::fault;

/// What is asked of the system.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Call {
    MakeFolder,
    List,
    Resolve,
    Open,
    Create,
    #[cfg(unix)]
    Link,
    #[cfg(unix)]
    SetMode,
    Look,
    TryLock,
    Lock,
    Unlock,
    Read,
    Write,
    Remove,
    Rename,
    StartThread,
}

/// What a call can be about.
pub(super) trait About {
    #[cfg(all(test, target_os = "linux"))]
    fn path(&self) -> std::path::PathBuf;
}

/// Asks the system, and again for as long as signals interrupt it.
///
/// The standard library does that for some calls, and fs2 for none.
pub(super) fn ask<T>(
    call: Call,
    about: &(impl About + ?Sized),
    mut question: impl FnMut() -> io::Result<T>,
) -> io::Result<T> {
    loop {
        match fault(call, about).and_then(|()| question()) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            answer => return answer,
        }
    }
}

impl About for Path {
    #[cfg(all(test, target_os = "linux"))]
    fn path(&self) -> std::path::PathBuf {
        self.to_owned()
    }
}

impl About for File {
    #[cfg(all(test, target_os = "linux"))]
    fn path(&self) -> std::path::PathBuf {
        faults::path_of(self)
    }
}

/// The inode number that is shown for what is at `path`; a test can have it change with every look.
#[cfg(all(test, target_os = "linux"))]
pub(super) fn inode(path: &Path, number: u64) -> u64 {
    faults::inode(path, number)
}

#[cfg(all(unix, not(all(test, target_os = "linux"))))]
pub(super) fn inode(_: &Path, number: u64) -> u64 {
    number
}

/// What a test has in store: nothing here.
#[cfg(not(all(test, target_os = "linux")))]
#[expect(clippy::unnecessary_wraps, reason = "faults are errors where there are any")]
fn fault(_: Call, _: &(impl About + ?Sized)) -> io::Result<()> {
    Ok(())
}
