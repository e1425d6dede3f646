//! `list`: how all locks stand.

use std::ffi::OsStr;

use super::ending::Trouble;
use super::{json, output, place, table};

/// Prints how the locks at `place` stand.
pub(crate) fn list(place: &OsStr, as_json: bool) -> Result<(), Trouble> {
    let found = place::survey(place)?;
    let text = if as_json { json::list(&found) } else { table::table(&found) };
    Ok(output::print(text)?)
}
