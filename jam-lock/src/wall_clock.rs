//! The wall clock, which all processes share.

use std::time::{Duration, SystemTime};

/// The time since the start of 1970; zero if the clock is set to an earlier time.
pub(crate) fn since_1970() -> Duration {
    SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default()
}

/// The same, by which the runs of `at_most_every` are recorded in files and in memory.
///
/// With the feature `conformance`, a test can replace this clock by a file with the nanoseconds since 1970,
/// whose path is in the environment.
pub(crate) fn of_runs() -> Duration {
    #[cfg(feature = "conformance")]
    if let Some(path) = std::env::var_os("JAM_LOCK_TEST_CLOCK") {
        let time = std::fs::read_to_string(path).ok().and_then(|time| time.trim().parse().ok());
        return Duration::from_nanos(time.expect("the test's clock has a time"));
    }
    since_1970()
}
