//! `Locks::connect` in a build without PostgreSQL, so that its error names the feature.

use super::{Locks, LocksBuilder};
use crate::error::LockError;

/// Satisfied only by the feature `postgres`, where these functions are others.
#[diagnostic::on_unimplemented(
    message = "locks of a database require the feature `postgres` of jam-lock",
    label = "not in this build",
    note = "add `features = [\"postgres\"]` to `jam-lock` in `Cargo.toml`, \
            or `postgres-tls` for encrypted connections"
)]
pub trait Postgres {}

impl Locks {
    #[doc(hidden)]
    pub fn connect<Url: Postgres>(_: Url) -> Result<Self, LockError> {
        unreachable!("code that calls this does not compile")
    }
}

impl LocksBuilder {
    #[doc(hidden)]
    pub fn connect<Url: Postgres>(self, _: Url) -> Result<Locks, LockError> {
        unreachable!("code that calls this does not compile")
    }
}
