//! [`TemporaryFolder`]: a lock folder that is removed with its engine.

use std::collections::hash_map::RandomState;
use std::env;
use std::fs::{self, DirBuilder};
use std::hash::{BuildHasher, Hasher};
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

use super::syscall::{Syscall, retry};
use crate::error::LockError;
use crate::process_id::ProcessId;

/// How many names may be taken before that is an error.
const MAX_NAMES: usize = 16;

/// A new folder below the system's temporary one, which only the user may enter.
#[derive(Debug)]
pub(super) struct TemporaryFolder {
    path: PathBuf,
    /// A fork must not remove what its parent still uses.
    process: ProcessId,
}

impl TemporaryFolder {
    pub(super) fn create() -> Result<Self, LockError> {
        let parent = env::temp_dir();
        let created = new_folder(&parent, unpredictable).map_err(|error| LockError::Io {
            operation: "create a temporary lock folder in",
            path: parent,
            error,
        });
        Ok(Self { path: created?, process: ProcessId::current() })
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }
}

impl Drop for TemporaryFolder {
    fn drop(&mut self) {
        if self.process.is_current() {
            // If that fails, it does no harm.
            let _ = retry(Syscall::Remove, self.path.as_path(), || fs::remove_dir_all(&self.path));
        }
    }
}

fn new_folder(parent: &Path, mut number: impl FnMut() -> u64) -> io::Result<PathBuf> {
    let parent = retry(Syscall::Resolve, parent, || fs::canonicalize(parent))?;
    for _ in 0..MAX_NAMES {
        let path = parent.join(format!("jam-lock-{:016x}", number()));
        // An existing file, even a symbolic link, keeps the name.
        match retry(Syscall::CreateFolder, path.as_path(), || builder().create(&path)) {
            Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
            created => return created.map(|()| path),
        }
    }
    Err(ErrorKind::AlreadyExists.into())
}

fn builder() -> DirBuilder {
    #[cfg_attr(not(unix), expect(unused_mut, reason = "Windows' folder is the user's own"))]
    let mut builder = DirBuilder::new();
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder
}

/// A number that cannot be guessed, from the random seeds of hash maps.
fn unpredictable() -> u64 {
    RandomState::new().build_hasher().finish()
}

#[cfg(all(test, unix))]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    #[test]
    fn a_name_that_is_taken_is_left_alone() {
        let parent = tempfile::tempdir().unwrap();
        let path = |number: u64| parent.path().join(format!("jam-lock-{number:016x}"));
        fs::create_dir(path(1)).unwrap();
        symlink("elsewhere", path(2)).unwrap();
        let mut numbers = 1..;
        let created = new_folder(parent.path(), || numbers.next().unwrap()).unwrap();
        assert_eq!(created, fs::canonicalize(path(3)).unwrap());
        assert!(new_folder(parent.path(), || 1).is_err());
    }

    #[test]
    fn no_two_numbers_are_equal() {
        assert_ne!(unpredictable(), unpredictable());
    }

    #[test]
    fn a_fork_that_drops_it_leaves_the_folder_to_its_parent() {
        let mut folder = TemporaryFolder::create().unwrap();
        let path = folder.path.clone();
        // As the child would have it.
        folder.process = ProcessId::forked();
        drop(folder);
        assert!(path.exists());
        drop(TemporaryFolder { path: path.clone(), process: ProcessId::current() });
        assert!(!path.exists());
    }
}
