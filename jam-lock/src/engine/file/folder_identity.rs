//! What tells the lock folders of this process apart, however they are spelled or mounted.

use std::ffi::{OsStr, OsString};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use super::file_id::FileId;
use super::system::{Call, ask};
use crate::per_process::PerProcess;
use crate::process_id::ProcessId;

/// Equal for two engines of this process that have one folder.
pub(super) type FolderIdentity = Arc<OsStr>;

/// The folders that engines of this process have open.
static OPEN: PerProcess<Mutex<Vec<OpenFolder>>> = PerProcess::new();

struct OpenFolder {
    path: PathBuf,
    /// What was there when it was opened last.
    id: FileId,
    /// Kept by the engines of all paths that lead there.
    identity: Weak<OsStr>,
}

/// The identity of the folder at the canonical `path`, which is `id`.
///
/// It is that of an engine at the same path, since a folder that was removed and made again goes on
/// to be the lock folder. Else it is that of an engine whose path leads to the same folder at this
/// moment: once a folder is removed, its inode number may be another one's.
pub(super) fn of(path: &Path, id: FileId, process: ProcessId) -> FolderIdentity {
    let mut elsewhere = Vec::new();
    loop {
        let mut open = open();
        open.retain(|folder| folder.identity.strong_count() > 0);
        if let Some(folder) = open.iter_mut().find(|folder| folder.path == path) {
            folder.id = id;
            if let Some(identity) = folder.identity.upgrade() {
                return identity;
            }
        }
        let is_it = |folder: &&OpenFolder| folder.id == id && !elsewhere.contains(&folder.path);
        let Some(folder) = open.iter().find(is_it) else {
            let identity = new_identity(path, process);
            let kept = Arc::downgrade(&identity);
            open.push(OpenFolder { path: path.to_owned(), id, identity: kept });
            return identity;
        };
        let (other, identity) = (folder.path.clone(), folder.identity.upgrade());
        drop(open);
        match identity {
            Some(identity) if leads_to(&other, id) => return identity,
            _ => elsewhere.push(other),
        }
    }
}

/// A fork shares no gate with its parent, so the process is part of it.
fn new_identity(path: &Path, process: ProcessId) -> FolderIdentity {
    let mut identity = OsString::from(format!("{:x}:", process.get()));
    identity.push(path);
    identity.into()
}

fn leads_to(path: &Path, id: FileId) -> bool {
    let found = ask(Call::Look, path, || fs::metadata(path));
    found.is_ok_and(|found| FileId::new(path, &found) == id)
}

fn open() -> MutexGuard<'static, Vec<OpenFolder>> {
    OPEN.get().lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(all(test, unix))]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    fn identity(path: &Path) -> FolderIdentity {
        of(path, FileId::new(path, &fs::metadata(path).unwrap()), ProcessId::current())
    }

    /// A folder, and another way to it, as a bind mount is.
    fn two_ways(parent: &Path) -> [PathBuf; 2] {
        let [one, other] = ["one", "other"].map(|name| parent.join(name));
        fs::create_dir(&one).unwrap();
        symlink(&one, &other).unwrap();
        [one, other]
    }

    #[test]
    fn all_ways_to_a_folder_have_one_identity_for_as_long_as_it_is_in_use() {
        let parent = tempfile::tempdir().unwrap();
        let [one, other] = two_ways(parent.path());
        let first = identity(&one);
        let second = identity(&other);
        assert_eq!(first, second);
        drop(first);
        assert_eq!(identity(&one), second);
        drop(second);
        assert!(Path::new(&*identity(&other)).ends_with("other"));
    }

    #[test]
    fn a_folder_that_is_made_again_at_its_path_keeps_its_identity() {
        let parent = tempfile::tempdir().unwrap();
        let [one, other] = two_ways(parent.path());
        let first = identity(&one);
        fs::rename(&one, parent.path().join("away")).unwrap();
        fs::create_dir(&one).unwrap();
        assert_eq!(identity(&one), first);
        assert_eq!(identity(&other), first);
    }

    #[test]
    fn a_folder_with_the_number_of_one_that_is_gone_is_another_one() {
        let parent = tempfile::tempdir().unwrap();
        let [one, _] = two_ways(parent.path());
        let first = identity(&one);
        let moved = parent.path().join("moved");
        fs::rename(&one, &moved).unwrap();
        assert_ne!(identity(&moved), first);
    }
}
