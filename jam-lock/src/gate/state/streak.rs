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
