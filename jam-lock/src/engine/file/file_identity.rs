//! Whether the identity of a file is reliable on its file system.
//!
//! It is if a look at a path always shows whether it still names an open file. A file system that
//! runs in another process, or on another machine, may answer from a cache, or derive the inode
//! number from the path, so that a file that replaces another one looks the same.

use std::io::{self, ErrorKind};
use std::path::Path;

use super::{flock, open};
use crate::engine::Mode;

#[cfg(target_os = "linux")]
pub(super) use self::linux::is_reliable;

/// Other systems do not show which file system has a file.
#[cfg(not(target_os = "linux"))]
pub(super) fn is_reliable(_: &std::fs::File, _: &std::fs::Metadata) -> bool {
    true
}

/// Whether `path` names another file than the one that is locked here: that one can be locked, or there
/// is none.
pub(super) fn is_another_at(path: &Path) -> io::Result<bool> {
    let second = match open::as_permitted(path) {
        Ok(second) => second,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(true),
        Err(error) => return Err(error),
    };
    let is_locked = flock::try_lock(&second, Mode::Exclusive)?;
    if is_locked {
        flock::unlock(&second)?;
    }
    Ok(is_locked)
}

#[cfg(target_os = "linux")]
mod linux {
    use std::collections::HashMap;
    use std::fs::{File, Metadata};
    use std::os::unix::fs::MetadataExt;
    use std::sync::{Mutex, PoisonError};
    use std::time::{Duration, Instant};

    use crate::engine::file::mount::Mount;
    use crate::per_process::PerProcess;

    /// How long an answer is cached: another file system may be mounted with the same number.
    const TTL: Duration = Duration::from_secs(1);

    /// The answers by device.
    static ANSWERS: PerProcess<Mutex<HashMap<u64, (Instant, bool)>>> = PerProcess::new();

    /// Whether the identity of `file`, which has this `metadata`, is reliable.
    pub(in crate::engine::file) fn is_reliable(file: &File, metadata: &Metadata) -> bool {
        let mut answers = ANSWERS.get().lock().unwrap_or_else(PoisonError::into_inner);
        let now = Instant::now();
        match answers.get(&metadata.dev()) {
            Some((until, answer)) if now < *until => *answer,
            _ => {
                let mount = Mount::of_file(file);
                let answer = mount.is_some_and(|mount| mount.has_reliable_ids());
                answers.insert(metadata.dev(), (now + TTL, answer));
                answer
            }
        }
    }

    #[cfg(test)]
    mod tests {
        use super::*;

        #[test]
        fn the_files_of_a_pseudo_file_system_have_no_reliable_identity() {
            let is_reliable = |path: &str| {
                let file = File::open(path).unwrap();
                is_reliable(&file, &file.metadata().unwrap())
            };
            assert!(!is_reliable("/proc/self/stat"));
            let file = tempfile::tempfile().unwrap();
            assert!(super::is_reliable(&file, &file.metadata().unwrap()), "unless it is in FUSE");
        }
    }
}
