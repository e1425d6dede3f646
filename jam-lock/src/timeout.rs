//! [`Timeout`]: how long to wait, and the deadline that it becomes.

use std::time::{Duration, Instant};

/// How long an acquisition may wait for its lock.
///
/// Made from a [`Duration`], or from whole seconds as in Jam.py's `task.lock(name, timeout=-1)`:
/// below 0 waits for ever, 0 tries exactly once, above 0 waits that long. A duration that reaches
/// beyond the end of the clock waits for ever. (A literal below 0 in `#[locked]` has to be -1: there
/// another one is a slip.)
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

    /// When a wait must end that has not begun.
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

/// When a wait ends.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Deadline {
    Never,
    Once,
    /// So long after it begins. To look at the clock is left to those who do wait.
    After(Duration),
    At {
        asked: Instant,
        end: Instant,
    },
}

impl Deadline {
    /// The same of a wait that begins now: fixed once, so that everything it goes through shares it.
    pub(crate) fn fixed(self) -> Self {
        let Self::After(limit) = self else { return self };
        let asked = Instant::now();
        let end = asked.checked_add(limit);
        end.map_or(Self::Never, |end| Self::At { asked, end })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn below_zero_waits_for_ever() {
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
    fn an_absurdly_large_timeout_waits_for_ever() {
        assert!(matches!(Timeout::from(Duration::MAX).deadline().fixed(), Deadline::Never));
        assert!(matches!(Timeout::from(u64::MAX).deadline().fixed(), Deadline::Never));
    }
}
