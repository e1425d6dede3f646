//! Files that are about to be renamed or linked to their final path. No lock can have their names.
//!
//! A process that is killed in between leaves one behind, which
//! [`Locks::sweep`](crate::Locks::sweep) recognizes by its name and removes.

use std::collections::hash_map::RandomState;
use std::hash::BuildHasher;
use std::path::{Path, PathBuf};

#[cfg(unix)]
pub(super) use self::sweep::sweep;

/// The start of a temporary file's name.
const PREFIX: &str = ".jam-lock-";

/// A path beside `path` that no other file has, not even another process's.
pub(super) fn path_beside(path: &Path) -> PathBuf {
    let number = RandomState::new().hash_one(path);
    path.with_file_name(format!("{PREFIX}{number:016x}"))
}

#[cfg(unix)]
mod sweep {
    use std::fs;
    use std::os::unix::fs::MetadataExt;
    use std::path::{Path, PathBuf};
    use std::time::{Duration, SystemTime};

    use super::PREFIX;
    use crate::engine::file::syscall::{Syscall, retry};

    /// The age at which a temporary file counts as left behind: it normally exists for
    /// microseconds.
    const MIN_AGE: Duration = Duration::from_secs(60);

    /// Removes the temporary files that killed processes left behind in `folder`.
    pub(in crate::engine::file) fn sweep(folder: &Path) {
        let list = || fs::read_dir(folder)?.map(|entry| Ok(entry?.path())).collect();
        let paths: Vec<PathBuf> = retry(Syscall::List, folder, list).unwrap_or_default();
        for path in paths.iter().filter(|path| is_temporary(path) && is_left_behind(path)) {
            // If its process is still alive, it creates another one.
            let _ = retry(Syscall::Remove, path.as_path(), || fs::remove_file(path));
        }
    }

    fn is_temporary(path: &Path) -> bool {
        let name = path.file_name().and_then(|name| name.to_str());
        let number = name.and_then(|name| name.strip_prefix(PREFIX));
        number.is_some_and(|number| number.len() == 16 && u64::from_str_radix(number, 16).is_ok())
    }

    fn is_left_behind(path: &Path) -> bool {
        let metadata = retry(Syscall::Metadata, path, || fs::symlink_metadata(path));
        metadata.is_ok_and(|metadata| {
            // A file that is linked already no longer needs its temporary name.
            let is_old = || metadata.modified().is_ok_and(is_old);
            metadata.is_file() && (metadata.nlink() > 1 || is_old())
        })
    }

    fn is_old(time: SystemTime) -> bool {
        time.elapsed().is_ok_and(|age| age >= MIN_AGE)
    }
}
