//! The identity of a lock folder in this process, however its path is spelled or mounted.

use std::ffi::{OsStr, OsString};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use super::platform::FileId;
use super::syscall::{Syscall, retry};
use crate::per_process::PerProcess;
use crate::process_id::ProcessId;

/// Equal for two engines of this process that use the same folder.
pub(super) type FolderIdentity = Arc<OsStr>;

/// The folders that the engines of this process use.
static OPEN: PerProcess<Mutex<Vec<OpenFolder>>> = PerProcess::new();

struct OpenFolder {
    path: PathBuf,
    /// The folder at that path when it was last opened.
    id: FileId,
    /// Kept alive by the engines of all paths that lead there.
    identity: Weak<OsStr>,
}

/// The identity of the folder at the canonical `path`, which is `id`.
///
/// An engine at the same path has the same identity: a folder that was removed and created again is
/// still the lock folder. So has an engine whose path leads to the same folder right now; the inode
/// number alone does not show that, because it is reused once a folder is removed.
pub(super) fn identity_of(path: &Path, id: FileId, process: ProcessId) -> FolderIdentity {
    let mut different = Vec::new();
    loop {
        let mut open = open();
        open.retain(|folder| folder.identity.strong_count() > 0);
        if let Some(folder) = open.iter_mut().find(|folder| folder.path == path) {
            folder.id = id;
            if let Some(identity) = folder.identity.upgrade() {
                return identity;
            }
        }
        let may_be_same =
            |folder: &&OpenFolder| folder.id == id && !different.contains(&folder.path);
        let Some(folder) = open.iter().find(may_be_same) else {
            let identity = new_identity(path, process);
            let weak = Arc::downgrade(&identity);
            open.push(OpenFolder { path: path.to_owned(), id, identity: weak });
            return identity;
        };
        let (other, identity) = (folder.path.clone(), folder.identity.upgrade());
        drop(open);
        match identity {
            Some(identity) if leads_to(&other, id) => return identity,
            _ => different.push(other),
        }
    }
}

/// The process is part of it, because a fork shares no gate with its parent.
fn new_identity(path: &Path, process: ProcessId) -> FolderIdentity {
    let mut identity = OsString::from(format!("{:x}:", process.unique()));
    identity.push(path);
    identity.into()
}

fn leads_to(path: &Path, id: FileId) -> bool {
    let metadata = retry(Syscall::Metadata, path, || fs::metadata(path));
    metadata.is_ok_and(|metadata| FileId::new(path, &metadata) == id)
}

fn open() -> MutexGuard<'static, Vec<OpenFolder>> {
    OPEN.get().lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(all(test, unix))]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    fn identity(path: &Path) -> FolderIdentity {
        let id = FileId::new(path, &fs::metadata(path).unwrap());
        identity_of(path, id, ProcessId::current())
    }

    /// A folder, and another path to it, as a bind mount would be.
    fn two_paths(parent: &Path) -> [PathBuf; 2] {
        let [one, other] = ["one", "other"].map(|name| parent.join(name));
        fs::create_dir(&one).unwrap();
        symlink(&one, &other).unwrap();
        [one, other]
    }

    #[test]
    fn all_paths_to_a_folder_have_one_identity_as_long_as_it_is_in_use() {
        let parent = tempfile::tempdir().unwrap();
        let [one, other] = two_paths(parent.path());
        let first = identity(&one);
        let second = identity(&other);
        assert_eq!(first, second);
        drop(first);
        assert_eq!(identity(&one), second);
        drop(second);
        assert!(Path::new(&*identity(&other)).ends_with("other"));
    }

    #[test]
    fn a_folder_that_is_created_again_at_its_path_keeps_its_identity() {
        let parent = tempfile::tempdir().unwrap();
        let [one, other] = two_paths(parent.path());
        let first = identity(&one);
        fs::rename(&one, parent.path().join("away")).unwrap();
        fs::create_dir(&one).unwrap();
        assert_eq!(identity(&one), first);
        assert_eq!(identity(&other), first);
    }

    #[test]
    fn a_folder_with_the_inode_number_of_a_removed_one_is_a_different_folder() {
        let parent = tempfile::tempdir().unwrap();
        let [one, _] = two_paths(parent.path());
        let first = identity(&one);
        let moved = parent.path().join("moved");
        fs::rename(&one, &moved).unwrap();
        assert_ne!(identity(&moved), first);
    }
}
