//! The files that a storm leaves behind in the lock folder, and their modes.

use std::ffi::OsStr;
use std::fs::{self, File};
use std::io::ErrorKind;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use jam_lock_tests::storm::{MODE, is_keyed, locks, names};

/// The prefix of the files that a process leaves behind if it is killed while it creates a file.
const TEMPORARY: &str = ".jam-lock-";

/// Panics if a file of a keyed name in `folder` has a wrong mode, and returns how many were checked.
pub(crate) fn check_modes(folder: &Path) -> usize {
    let of_keyed_names = files(folder).into_iter().filter(|path| {
        is_keyed(path.file_stem().unwrap().to_str().unwrap()) || name_of(path) == ".tokens"
    });
    let modes = of_keyed_names.filter_map(|path| match fs::symlink_metadata(&path) {
        Ok(found) => Some((path, found.permissions().mode() & 0o7777)),
        Err(error) if error.kind() == ErrorKind::NotFound => None,
        Err(error) => panic!("{}: {error}", path.display()),
    });
    modes.map(|(path, mode)| assert_eq!(mode, MODE, "{}: {mode:o}", path.display())).count()
}

/// Panics if any of the lock folders contains an unknown file, or if a sweep leaves a file that it should
/// remove. Returns how many files were removed.
pub(crate) fn check(folder: &Path) -> usize {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    for path in entries.filter(|path| path.is_dir()).flat_map(|folder| files(&folder)) {
        assert!(is_known(&path) || is_temporary(&path), "{} is left behind", path.display());
    }
    let now = folder.join("locks");
    let temporary: Vec<_> = files(&now).into_iter().filter(|path| is_temporary(path)).collect();
    for path in &temporary {
        // A sweep removes only files that are too old to be in use.
        let long_ago = SystemTime::now() - Duration::from_secs(600);
        File::options().write(true).open(path).unwrap().set_modified(long_ago).unwrap();
    }
    let (locks, _) = locks(folder).unwrap();
    let swept = locks.sweep().unwrap();
    for path in files(&now) {
        assert!(is_known(&path), "{} was not swept", path.display());
        // The last holder of each lock has released and recorded it.
        let name = path.file_stem().unwrap().to_str().unwrap();
        assert!(!is_keyed(name), "{} was not swept", path.display());
    }
    swept + temporary.len()
}

fn files(folder: &Path) -> Vec<PathBuf> {
    match fs::read_dir(folder) {
        Ok(entries) => entries.map(|entry| entry.unwrap().path()).collect(),
        Err(error) if error.kind() == ErrorKind::NotFound => Vec::new(),
        Err(error) => panic!("{}: {error}", folder.display()),
    }
}

/// Whether it is the lock file or the record of a name, or the token file of keyed names.
fn is_known(path: &Path) -> bool {
    let is_of = |name: &str| path.file_stem() == Some(OsStr::new(name));
    let is_of_a_name = names().iter().any(|name| is_of(name.as_str()));
    let extension = path.extension().and_then(OsStr::to_str);
    name_of(path) == ".tokens" || is_of_a_name && matches!(extension, Some("lock" | "holder"))
}

fn is_temporary(path: &Path) -> bool {
    name_of(path).starts_with(TEMPORARY)
}

fn name_of(path: &Path) -> &str {
    path.file_name().unwrap().to_str().unwrap()
}
