//! The lock folder: made where it is missing, also while others remove it.

use std::fs;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

use super::file_id::FileId;
use super::system::{Call, ask};
use crate::error::LockError;

/// How often a folder may be removed or made by others while it is opened, until that is an error.
const ROUNDS: usize = 100;

/// Resolves `folder`, and makes it with its parents where it is missing if `may_make` it.
pub(super) fn open(folder: &Path, may_make: bool) -> Result<(PathBuf, FileId), LockError> {
    let mut rounds = 0;
    loop {
        rounds += 1;
        match open_once(folder, may_make) {
            Ok(opened) => return Ok(opened),
            Err((_, error)) if may_make && rounds < ROUNDS && is_passing(&error, folder) => {}
            Err((operation, error)) => {
                let path = folder.to_owned();
                return Err(LockError::Io { operation, path, error });
            }
        }
    }
}

fn open_once(
    folder: &Path,
    may_make: bool,
) -> Result<(PathBuf, FileId), (&'static str, io::Error)> {
    let not_a_folder = || ("use as the lock folder", ErrorKind::NotADirectory.into());
    if may_make {
        make(folder).map_err(|error| match error.kind() {
            // Whatever is there: it is no folder.
            ErrorKind::AlreadyExists if !is_passing(&error, folder) => not_a_folder(),
            _ => ("make the lock folder", error),
        })?;
    }
    let path = ask(Call::Resolve, folder, || fs::canonicalize(folder))
        .map_err(|error| ("resolve the lock folder", error))?;
    let found = ask(Call::Look, path.as_path(), || fs::metadata(&path))
        .map_err(|error| ("look at the lock folder", error))?;
    if found.is_dir() {
        Ok((path.clone(), FileId::new(&path, &found)))
    } else {
        Err(not_a_folder())
    }
}

/// Makes `folder` with its parents.
pub(super) fn make(folder: &Path) -> io::Result<()> {
    ask(Call::MakeFolder, folder, || fs::create_dir_all(folder))
}

/// Whether `error`, of making or opening `folder`, may come from others who remove or make it just now.
pub(super) fn is_passing(error: &io::Error, folder: &Path) -> bool {
    match error.kind() {
        ErrorKind::NotFound => true,
        // Also said of what was there and is a folder, or gone, by now.
        ErrorKind::AlreadyExists => fs::symlink_metadata(folder).map_or(true, |it| it.is_dir()),
        _ => false,
    }
}
