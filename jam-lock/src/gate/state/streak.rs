//! How long this process has taken the claim again and again.

use std::time::{Duration, Instant};

use super::HAND_OVER;

/// A shorter pause gives no other process the time to wake up and take the lock.
const PAUSE: Duration = Duration::from_micros(100);

/// Acquisitions that follow each other so closely that nobody else can come between.
#[derive(Default)]
pub(super) struct Streak {
    began: Option<Instant>,
    released: Option<Instant>,
    is_over: bool,
}

impl Streak {
    /// Notes that the claim is asked for `now`, and tells whether others are to have it first.
    pub(super) fn goes_on(&mut self, now: Instant) -> bool {
        let is_new = self.released.is_none_or(|released| now.duration_since(released) >= PAUSE);
        let began = *self.began.insert(if is_new { now } else { self.began.unwrap_or(now) });
        self.is_over = now.duration_since(began) >= HAND_OVER;
        self.is_over
    }

    /// Whether others are to have the claim first.
    pub(super) fn is_over(&self) -> bool {
        self.is_over
    }

    /// Notes that the claim was given back `now`.
    pub(super) fn pauses(&mut self, now: Instant) {
        self.released = Some(now);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Whether it is over, for acquisitions at these times in microseconds, each held for 10.
    fn is_over_at(times: &[u64]) -> bool {
        let start = Instant::now();
        let at = |time| start + Duration::from_micros(time);
        let mut streak = Streak::default();
        for time in times {
            streak.goes_on(at(*time));
            streak.pauses(at(time + 10));
        }
        streak.is_over()
    }

    #[test]
    fn it_is_over_when_it_has_lasted_too_long() {
        assert!(!is_over_at(&[0]));
        assert!(!is_over_at(&[0, 20, 40]));
        let close: Vec<u64> = (0..100).map(|number| number * 60).collect();
        assert!(is_over_at(&close));
    }

    #[test]
    fn a_pause_begins_another() {
        let apart: Vec<u64> = (0..100).map(|number| number * 150).collect();
        assert!(!is_over_at(&apart));
        // One long section is no streak.
        assert!(!is_over_at(&[0, 900_000]));
    }
}
