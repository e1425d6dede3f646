//! The wall clock, which all processes share.

use std::time::{Duration, SystemTime};

/// The time since the start of 1970; zero if the clock is set to an earlier time.
pub(crate) fn since_1970() -> Duration {
    SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default()
}
