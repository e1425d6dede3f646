//! `list`: every lock with its holder and the number of waiters.

use std::ffi::OsStr;

use jam_lock::Status;

use super::error::Error;
use super::exit::Exit;
use super::{json, location, output, text};

/// Prints the status of every lock at `location`.
pub(crate) fn list(location: &OsStr, as_json: bool) -> Result<Exit, Error> {
    let locks = location::open_existing(location)?.list()?;
    output::print(if as_json { json::list(&locks) } else { table(&locks) })?;
    Ok(Exit::SUCCESS)
}

/// The table with full names, since another program may read it.
fn table(locks: &[Status]) -> String {
    text::table(locks, usize::MAX).into_iter().map(|line| line + "\n").collect()
}
