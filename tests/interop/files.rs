//! Lock files and names are as other programs expect them.

use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt};

use crate::python::Library;
use crate::{folder, lock};

#[test]
fn a_file_created_by_python_keeps_its_mode_and_its_inode() {
    let Some(library) = Library::of_jam() else { return };
    let folder = folder();
    let file = folder.path().join("x.lock");
    library.holding(&file).release();
    let before = fs::metadata(&file).unwrap();
    drop(lock(folder.path(), "x").acquire().unwrap());
    let after = fs::metadata(&file).unwrap();
    assert_eq!(
        (before.ino(), before.permissions().mode(), before.uid()),
        (after.ino(), after.permissions().mode(), after.uid())
    );
}

#[test]
fn a_file_created_here_stays_for_python() {
    let Some(library) = Library::of_jam() else { return };
    let folder = folder();
    let file = folder.path().join("x.lock");
    drop(lock(folder.path(), "x").acquire().unwrap());
    let made = fs::metadata(&file).unwrap().ino();
    assert_eq!(library.attempt(&file, "0"), "acquired");
    assert_eq!(fs::metadata(&file).unwrap().ino(), made);
}

#[test]
fn a_held_lock_survives_that_jam_truncates_its_file() {
    let Some(library) = Library::of_jam() else { return };
    let folder = folder();
    let file = folder.path().join("x.lock");
    fs::write(&file, "another program's notes").unwrap();
    let guard = lock(folder.path(), "x").acquire().unwrap();
    assert_eq!(library.attempt(&file, "0.2"), "timed out");
    assert_eq!(fs::metadata(&file).unwrap().len(), 0);
    assert_eq!(library.attempt(&file, "0"), "timed out");
    guard.release().unwrap();
}

#[test]
fn the_lock_names_of_jam_can_be_used() {
    let Some(library) = Library::of_jam() else { return };
    for name in ["$creating_task", "$copying database", "$build_checking", "$langs"] {
        let folder = folder();
        let holder = library.holding(&folder.path().join(format!("{name}.lock")));
        assert!(lock(folder.path(), name).try_acquire().unwrap_err().is_timeout());
        holder.release();
    }
}

#[test]
fn jam_removes_no_file_of_this_library() {
    let folder = folder();
    drop(lock(folder.path(), "x").acquire().unwrap());
    let mut names: Vec<_> =
        fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    names.sort();
    assert_eq!(names, ["x.holder", "x.lock"]);
}
