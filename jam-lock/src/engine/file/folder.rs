//! Opens the lock folder, and creates it if it is missing, even while other processes remove it.

use std::fs;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

use super::platform::FileId;
use super::syscall::{Syscall, retry};
use crate::error::LockError;

/// How often other processes may remove or create the folder while it is opened before that is an
/// error.
const MAX_REOPENS: usize = 100;

/// Resolves `folder`; if it is missing and `may_create` is set, creates it with its parents.
pub(super) fn open(folder: &Path, may_create: bool) -> Result<(PathBuf, FileId), LockError> {
    let mut tries = 0;
    loop {
        tries += 1;
        match open_once(folder, may_create) {
            Ok(opened) => return Ok(opened),
            Err((_, error))
                if may_create && tries < MAX_REOPENS && is_transient(&error, folder) => {}
            Err((operation, error)) => {
                let path = folder.to_owned();
                return Err(LockError::Io { operation, path, error });
            }
        }
    }
}

fn open_once(
    folder: &Path,
    may_create: bool,
) -> Result<(PathBuf, FileId), (&'static str, io::Error)> {
    let not_a_folder = || ("use as the lock folder", ErrorKind::NotADirectory.into());
    if may_create {
        create(folder).map_err(|error| match error.kind() {
            ErrorKind::AlreadyExists if !is_transient(&error, folder) => not_a_folder(),
            _ => ("create the lock folder", error),
        })?;
    }
    let path = retry(Syscall::Resolve, folder, || fs::canonicalize(folder))
        .map_err(|error| ("resolve the lock folder", error))?;
    let metadata = retry(Syscall::Metadata, path.as_path(), || fs::metadata(&path))
        .map_err(|error| ("inspect the lock folder", error))?;
    if metadata.is_dir() {
        Ok((path.clone(), FileId::new(&path, &metadata)))
    } else {
        Err(not_a_folder())
    }
}

/// Creates `folder` with its parents.
pub(super) fn create(folder: &Path) -> io::Result<()> {
    retry(Syscall::CreateFolder, folder, || fs::create_dir_all(folder))
}

/// Whether `error`, from creating or opening `folder`, may come from other processes that remove or
/// create it right now.
pub(super) fn is_transient(error: &io::Error, folder: &Path) -> bool {
    match error.kind() {
        ErrorKind::NotFound => true,
        // It may be a folder, or gone, by now.
        ErrorKind::AlreadyExists => {
            fs::symlink_metadata(folder).map_or(true, |metadata| metadata.is_dir())
        }
        _ => false,
    }
}
