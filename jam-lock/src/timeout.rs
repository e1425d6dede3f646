//! [`Timeout`]: how long an acquisition may wait, and the deadline that it becomes.

use std::time::{Duration, Instant};

/// How long an acquisition may wait for its lock.
///
/// It is made from a [`Duration`], or from whole seconds as in Jam.py's `task.lock(name, timeout=-1)`: a
/// negative number waits forever, 0 tries exactly once, and a positive number waits that long. A duration
/// that is too long for the clock waits forever. (In `#[locked]`, the only negative literal allowed is -1,
/// because another one is probably a mistake.)
///
/// The default is [`Timeout::FOREVER`]. Time is measured on the monotonic clock of [`Instant`].
///
/// # Example
/// ```
/// use jam_lock::Timeout;
/// use std::time::Duration;
///
/// assert_eq!(Timeout::from(10), Timeout::from(Duration::from_secs(10)));
/// assert_eq!(Timeout::from(-1), Timeout::FOREVER);
/// assert_eq!(Timeout::from(0), Timeout::ONCE);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timeout(Option<Duration>);

impl Timeout {
    /// Waits until the lock is free, however long that takes.
    pub const FOREVER: Self = Self(None);

    /// Tries once and does not wait.
    pub const ONCE: Self = Self(Some(Duration::ZERO));

    /// The deadline of a wait that has not started.
    pub(crate) fn deadline(self) -> Deadline {
        match self.0 {
            None => Deadline::Never,
            Some(Duration::ZERO) => Deadline::Once,
            Some(limit) => Deadline::After(limit),
        }
    }
}

impl Default for Timeout {
    fn default() -> Self {
        Self::FOREVER
    }
}

impl From<Duration> for Timeout {
    fn from(limit: Duration) -> Self {
        Self(Some(limit))
    }
}

impl From<u64> for Timeout {
    fn from(seconds: u64) -> Self {
        Self::from(Duration::from_secs(seconds))
    }
}

impl From<u32> for Timeout {
    fn from(seconds: u32) -> Self {
        Self::from(u64::from(seconds))
    }
}

impl From<i64> for Timeout {
    fn from(seconds: i64) -> Self {
        u64::try_from(seconds).map_or(Self::FOREVER, Self::from)
    }
}

impl From<i32> for Timeout {
    fn from(seconds: i32) -> Self {
        Self::from(i64::from(seconds))
    }
}

/// When a wait must end.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Deadline {
    Never,
    Once,
    /// This long after its start; an acquisition that does not wait need not read the clock.
    After(Duration),
    At {
        start: Instant,
        end: Instant,
    },
}

impl Deadline {
    /// The same deadline for a wait that starts now, to be shared by all steps of the wait.
    pub(crate) fn starting_now(self) -> Self {
        let Self::After(limit) = self else { return self };
        let start = Instant::now();
        let end = start.checked_add(limit);
        end.map_or(Self::Never, |end| Self::At { start, end })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_negative_number_waits_forever() {
        assert_eq!(Timeout::from(-1), Timeout::FOREVER);
        assert_eq!(Timeout::from(i64::MIN), Timeout::FOREVER);
        assert!(matches!(Timeout::FOREVER.deadline(), Deadline::Never));
    }

    #[test]
    fn zero_tries_once() {
        assert_eq!(Timeout::from(0), Timeout::ONCE);
        assert!(matches!(Timeout::from(Duration::ZERO).deadline(), Deadline::Once));
    }

    #[test]
    fn a_timeout_too_long_for_the_clock_waits_forever() {
        assert!(matches!(Timeout::from(Duration::MAX).deadline().starting_now(), Deadline::Never));
        assert!(matches!(Timeout::from(u64::MAX).deadline().starting_now(), Deadline::Never));
    }
}
