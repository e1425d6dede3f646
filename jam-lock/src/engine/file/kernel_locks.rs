//! Whether the kernel itself has the locks of a file, which the process that serves its file system, or
//! another machine, may have instead.

use std::fs::File;
use std::path::Path;

use super::mount::Mount;
use super::{flock, holder_lookup, open};
use crate::engine::Mode;

/// Whether the kernel has the lock of `file`, which is locked here.
pub(super) fn have(file: &File) -> bool {
    // A machine that shares its files has their locks as well.
    Mount::of_file(file).is_some_and(|mount| mount.is_fuse()) && holder_lookup::is_lock_listed(file)
}

/// Whether the kernel has the locks of the file at `path`, if it can be locked for a moment.
pub(super) fn are_used_for(path: &Path) -> Option<bool> {
    let file = open::read_only(path).ok()?;
    let is_locked = flock::try_lock(&file, Mode::Shared).ok()?;
    let answer = is_locked.then(|| have(&file));
    // If that fails, closing the file unlocks it.
    let _ = flock::unlock(&file);
    answer
}
