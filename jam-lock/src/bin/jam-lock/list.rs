//! `list`: how all locks stand.

use std::ffi::OsStr;

use jam_lock::Status;

use super::ending::Trouble;
use super::{json, output, place, table};

/// Prints how the locks at `place` stand.
pub(crate) fn list(place: &OsStr, as_json: bool) -> Result<(), Trouble> {
    let found = place::survey(place)?;
    let text = if as_json { json::list(&found) } else { text(&found) };
    Ok(output::print(text)?)
}

/// The table, with names of any width: they may be read by a program after all.
fn text(found: &[Status]) -> String {
    table::lines(found, usize::MAX).into_iter().map(|line| line + "\n").collect()
}
