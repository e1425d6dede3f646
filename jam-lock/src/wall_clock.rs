//! The time that all processes agree on.

use std::time::{Duration, SystemTime};

/// How long it is since 1970 began; nothing where the clock says that it was before.
pub(crate) fn since_1970() -> Duration {
    SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default()
}
