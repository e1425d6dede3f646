//! Locks that cannot be acquired, so that a section fails without waiting.

use jam_lock::Locks;
use tempfile::TempDir;

/// Locks in which `section` cannot be acquired, because a folder is in the place of its file.
pub(crate) fn broken_locks() -> (TempDir, Locks) {
    let folder = tempfile::tempdir().expect("a temporary folder can be created");
    std::fs::create_dir(folder.path().join("section.lock")).expect("the folder is empty");
    let locks = Locks::open(folder.path()).expect("the folder can be opened");
    (folder, locks)
}
