//! How long this process has had the claim, or wanted it again, without a break.

use std::time::{Duration, Instant};

use super::HAND_OVER;
use crate::gate::sync;

/// A shorter pause gives no other process the time to wake up and take the lock.
const PAUSE: Duration = Duration::from_micros(100);

/// The rhythm in which all processes that have taken turns for so long stand back at the same
/// time. A lock that goes from one waiter to the next is never free for those who poll, as Jam.py
/// and Python's filelock do, every 50 ms: 31 ms, so that they do not come at the same point of it
/// for long.
const RHYTHM: Duration = Duration::from_millis(31);

/// For how long they stand back: so that one in thirty looks of a poller finds the lock free.
const ROOM: Duration = Duration::from_millis(1);

/// … and where somebody is seen to poll, one in eight.
const ROOM_FOR_POLLERS: Duration = Duration::from_millis(4);

/// Acquisitions that follow each other so closely that nobody else can come between.
#[derive(Default)]
pub(super) struct Streak {
    /// Since when nothing had to be waited for.
    began: Option<Instant>,
    /// Since when the process has asked again right after a release, waits included.
    insists: Option<Instant>,
    released: Option<Instant>,
    /// What was the time, counted in [`RHYTHM`], when it stood back last.
    beat: u128,
    pause: Option<Duration>,
}

impl Streak {
    /// Notes that the claim is asked for `now`, and tells whether others are to have it first.
    pub(super) fn goes_on(&mut self, now: Instant, is_polled: impl FnOnce() -> bool) -> bool {
        if self.released.is_none_or(|released| now.duration_since(released) >= PAUSE) {
            *self = Self { beat: self.beat, ..Self::default() };
        } else {
            self.insists(now);
        }
        let began = *self.began.get_or_insert(now);
        let is_over = now.duration_since(began) >= HAND_OVER;
        self.pause = self.stands_back(now, is_polled).or_else(|| is_over.then(pause));
        self.pause.is_some()
    }

    /// How long others are to have the claim first.
    pub(super) fn pause(&self) -> Duration {
        self.pause.unwrap_or_default()
    }

    /// Notes that the claim was given back `now`.
    pub(super) fn pauses(&mut self, now: Instant) {
        self.released = Some(now);
    }

    /// Notes that it is wanted again right after it was given back, and tells how long others are
    /// to have it first.
    pub(super) fn insists(&mut self, now: Instant) -> Duration {
        self.insists.get_or_insert(now);
        pause()
    }

    /// Notes that the claim was waited for, in vain if others are to have it first.
    pub(super) fn has_waited(
        &mut self,
        now: Instant,
        is_polled: impl FnOnce() -> bool,
    ) -> Option<Duration> {
        self.began = None;
        self.stands_back(now, is_polled)
    }

    /// How long everybody stands back `now`, which happens once a beat.
    fn stands_back(&mut self, now: Instant, is_polled: impl FnOnce() -> bool) -> Option<Duration> {
        self.insists.filter(|since| now.duration_since(*since) >= RHYTHM)?;
        let beat = sync::since_1970().as_millis() / RHYTHM.as_millis();
        let is_due = std::mem::replace(&mut self.beat, beat) != beat;
        is_due.then(|| if is_polled() { ROOM_FOR_POLLERS } else { ROOM })
    }
}

/// A gap in which other processes can take the lock: the kernel hands nothing over, so whoever
/// asks again at once wins against every process that it has woken. 100 to 250 µs; the clock's
/// last digits keep processes out of step.
fn pause() -> Duration {
    Duration::from_micros(100 + u64::from(sync::since_1970().subsec_nanos() % 151))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Whether others come first, for acquisitions at these times in microseconds, each held for
    /// 10.
    fn is_over_at(times: impl IntoIterator<Item = u64>) -> bool {
        let start = Instant::now();
        let at = |time| start + Duration::from_micros(time);
        let mut streak = Streak::default();
        let mut is_over = false;
        for time in times {
            is_over = streak.goes_on(at(time), || false);
            streak.pauses(at(time + 10));
        }
        is_over
    }

    #[test]
    fn it_is_over_when_it_has_lasted_too_long() {
        assert!(!is_over_at([0]));
        assert!(!is_over_at([0, 20, 40]));
        assert!(is_over_at((0..100).map(|number| number * 60)));
    }

    #[test]
    fn a_pause_begins_another() {
        assert!(!is_over_at((0..100).map(|number| number * 150)));
        // One long section is no streak.
        assert!(!is_over_at([0, 900_000]));
    }

    /// How long a process stands back whose turns, each waited for, end and begin at these times
    /// in milliseconds.
    fn stands_back_after(turns: impl IntoIterator<Item = u64>) -> Option<Duration> {
        let start = Instant::now();
        let mut streak = Streak::default();
        let mut stands_back = None;
        for turn in turns {
            let now = start + Duration::from_millis(turn);
            streak.goes_on(now, || false);
            stands_back = streak.has_waited(now, || false);
            streak.pauses(now);
        }
        stands_back
    }

    #[test]
    fn who_has_waited_for_long_does_not_stand_back() {
        assert_eq!(stands_back_after([0]), None);
        assert_eq!(stands_back_after([0, 900]), None);
    }

    #[test]
    fn who_has_taken_turns_for_long_stands_back() {
        for (is_polled, room) in [(false, ROOM), (true, ROOM_FOR_POLLERS)] {
            let (start, mut streak) = (Instant::now(), Streak::default());
            streak.pauses(start);
            streak.insists(start);
            assert_eq!(streak.has_waited(start + RHYTHM, || is_polled), Some(room));
        }
    }
}
