//! `sweep`: removes unused keyed locks.

use super::error::Error;
use super::exit::Exit;
use super::location::Location;
use super::output;

/// Removes them at `location`, and prints how many they were.
pub(crate) fn sweep(location: &Location) -> Result<Exit, Error> {
    let count = location.open_existing()?.sweep()?;
    let locks = if count == 1 { "lock" } else { "locks" };
    output::print(format_args!("removed {count} unused {locks}\n"))?;
    Ok(Exit::SUCCESS)
}
