//! Where the locks are.

use std::ffi::OsStr;

use jam_lock::{LockError, Locks, Status};

/// The locks at `place`, to be looked at: no folder is made for that.
pub(crate) fn look_at(place: &OsStr) -> Result<Locks, LockError> {
    Locks::builder().must_exist().at(place)
}

/// How all of them stand.
pub(crate) fn survey(place: &OsStr) -> Result<Vec<Status>, LockError> {
    look_at(place)?.survey()
}
