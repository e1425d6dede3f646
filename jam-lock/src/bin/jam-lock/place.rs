//! Where the locks are.

use std::ffi::OsStr;

use jam_lock::{LockError, Locks, Status};

use super::ending::Trouble;

/// The locks at `place`, to be looked at: no folder is made for that.
pub(crate) fn look_at(place: &OsStr) -> Result<Locks, Trouble> {
    Locks::builder().must_exist().at(place).map_err(|error| match error {
        LockError::Io { .. } => Trouble::Folder(error),
        error => Trouble::Lock(error),
    })
}

/// How all of them stand.
pub(crate) fn survey(place: &OsStr) -> Result<Vec<Status>, Trouble> {
    Ok(look_at(place)?.list()?)
}
