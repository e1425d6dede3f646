//! `watch`: how all locks stand, live.

use std::ffi::OsStr;
use std::time::Duration;

use super::ending::Trouble;

/// Shows how the locks at `place` stand until somebody has seen enough.
pub(crate) fn watch(place: &OsStr, interval: Duration) -> Result<(), Trouble> {
    let _ = (place, interval);
    Err(Trouble::Senseless("not yet"))
}
