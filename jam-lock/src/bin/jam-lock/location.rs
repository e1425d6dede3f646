//! Where the locks are.

use std::ffi::OsStr;

use jam_lock::{LockError, Locks};

use super::error::Error;

/// Opens the locks at `location` without creating a folder.
pub(crate) fn open_existing(location: &OsStr) -> Result<Locks, Error> {
    Locks::builder().must_exist().at(location).map_err(|error| match error {
        LockError::Io { .. } => Error::Location(error),
        error => Error::Lock(error),
    })
}
