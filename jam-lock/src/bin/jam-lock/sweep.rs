//! `sweep`: the files of keyed names that were left behind.

use std::ffi::OsStr;

use super::ending::Trouble;
use super::{output, place};

/// Removes them at `place`, and prints of how many locks.
pub(crate) fn sweep(place: &OsStr) -> Result<(), Trouble> {
    let count = place::look_at(place)?.sweep()?;
    let locks = if count == 1 { "lock" } else { "locks" };
    Ok(output::print(format_args!("removed the files of {count} {locks}\n"))?)
}
