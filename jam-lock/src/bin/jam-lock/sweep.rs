//! `sweep`: removes unused keyed locks.

use std::ffi::OsStr;

use super::error::Error;
use super::exit::Exit;
use super::{location, output};

/// Removes them at `location`, and prints how many they were.
pub(crate) fn sweep(location: &OsStr) -> Result<Exit, Error> {
    let count = location::open_existing(location)?.sweep()?;
    let locks = if count == 1 { "lock" } else { "locks" };
    output::print(format_args!("removed {count} unused {locks}\n"))?;
    Ok(Exit::SUCCESS)
}
