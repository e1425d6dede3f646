//! When this process leaves the claim to other processes, although it wants it itself.

use std::time::{Duration, Instant};

use super::HANDOFF_LIMIT;
use crate::gate::sync;

/// A shorter gap gives no other process the time to wake up and acquire the lock.
const WAKE_GAP: Duration = Duration::from_micros(100);

/// At the start of each such period of the wall clock, all processes that have taken turns for as long
/// yield at the same time.
///
/// Otherwise a lock that goes from one waiter to the next would never be free for a process that
/// polls, such as Jam.py or Python's filelock. They poll every 50 ms, and 31 ms is out of step with
/// that, so successive polls meet different points of the period.
///
/// A process that acquires the lock later in the period does not yield: while the others have it, the lock
/// would not be free any longer than a process takes to wake up, and among hundreds each would yield instead
/// of taking its turn.
const YIELD_PERIOD: Duration = Duration::from_millis(31);

/// How long they yield: one in thirty polls then finds the lock free.
const YIELD: Duration = Duration::from_millis(1);

/// How long they yield if a process is seen to poll: one in eight polls then finds the lock free.
const YIELD_TO_POLLERS: Duration = Duration::from_millis(4);

/// A process that has waited for longer lets the next one take its turn after each acquisition.
///
/// Among hundreds of processes, an acquisition that overtakes the others costs more than a turn of the next: the
/// kernel wakes them all, one after another, to find the lock taken again.
const LONG_WAIT: Duration = Duration::from_millis(100);

/// Whether the engine is asked for the claim at once, or other processes may acquire it first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in super::super) enum Verdict {
    Proceed,
    Yield(Duration),
}

impl Verdict {
    /// How long to leave the claim to other processes.
    pub(super) fn yield_for(self) -> Duration {
        match self {
            Self::Proceed => Duration::ZERO,
            Self::Yield(time) => time,
        }
    }
}

impl From<Option<Duration>> for Verdict {
    fn from(time: Option<Duration>) -> Self {
        time.map_or(Self::Proceed, Self::Yield)
    }
}

/// How long this process has used the claim without leaving other processes a gap.
pub(super) struct Fairness {
    /// Whether the engine is fair across processes, so that this one never has to yield.
    engine_is_fair: bool,
    /// Since when the process has acquired the claim repeatedly without a wait.
    unwaited_since: Option<Instant>,
    /// Since when it has requested the claim right after each release, with or without a wait.
    reacquiring_since: Option<Instant>,
    acquired_at: Option<Instant>,
    released_at: Option<Instant>,
    /// How long it last had the claim.
    held: Duration,
    /// How long it last waited for it, as far as it did.
    waited: Duration,
    /// The [`YIELD_PERIOD`] of the wall clock in which the process last had a reason to yield.
    period: u128,
}

impl Fairness {
    pub(super) fn new(engine_is_fair: bool) -> Self {
        Self {
            engine_is_fair,
            unwaited_since: None,
            reacquiring_since: None,
            acquired_at: None,
            released_at: None,
            held: Duration::ZERO,
            waited: Duration::ZERO,
            period: 0,
        }
    }

    /// The verdict on an attempt to acquire the claim while the queue is empty.
    pub(super) fn should_yield(
        &mut self,
        now: Instant,
        is_polled: impl FnOnce() -> bool,
    ) -> Verdict {
        if self.engine_is_fair {
            return Verdict::Proceed;
        }
        if self.released_at.is_none_or(|released| now.duration_since(released) >= WAKE_GAP) {
            *self = Self { period: self.period, ..Self::new(false) };
        } else {
            self.reacquiring_since.get_or_insert(now);
        }
        let since = *self.unwaited_since.get_or_insert(now);
        let limit = if self.waited < LONG_WAIT { HANDOFF_LIMIT } else { Duration::ZERO };
        let has_lasted = now.duration_since(since) >= limit;
        self.acquired_at = Some(now);
        self.periodic_yield(now, is_polled).or_else(|| has_lasted.then(wake_gap)).into()
    }

    /// The verdict on a claim that the process has waited for.
    pub(super) fn should_yield_after_wait(
        &mut self,
        now: Instant,
        is_polled: impl FnOnce() -> bool,
    ) -> Verdict {
        if self.engine_is_fair {
            return Verdict::Proceed;
        }
        self.unwaited_since = None;
        let requested_at = self.released_at.or(self.acquired_at);
        self.waited = requested_at.map_or(Duration::ZERO, |at| now.duration_since(at));
        self.acquired_at = Some(now);
        self.periodic_yield(now, is_polled).into()
    }

    /// Records that the claim was released.
    pub(super) fn released(&mut self, now: Instant) {
        self.held = self.acquired_at.map_or(Duration::ZERO, |since| now.duration_since(since));
        self.released_at = Some(now);
    }

    /// The verdict on a claim that was just released, and that waiters here still want.
    pub(super) fn should_yield_after_release(&mut self, now: Instant) -> Verdict {
        self.reacquiring_since.get_or_insert(now);
        if self.engine_is_fair { Verdict::Proceed } else { Verdict::Yield(wake_gap()) }
    }

    /// How long to yield now, which all processes do at the start of every period.
    fn periodic_yield(
        &mut self,
        now: Instant,
        is_polled: impl FnOnce() -> bool,
    ) -> Option<Duration> {
        self.reacquiring_since.filter(|since| now.duration_since(*since) >= YIELD_PERIOD)?;
        self.yield_at(sync::since_1970(), is_polled)
    }

    /// How long a process yields that acquires the claim at this time of the wall clock.
    fn yield_at(
        &mut self,
        since_1970: Duration,
        is_polled: impl FnOnce() -> bool,
    ) -> Option<Duration> {
        let period = since_1970.as_nanos() / YIELD_PERIOD.as_nanos();
        if std::mem::replace(&mut self.period, period) == period {
            return None;
        }
        // The period may have begun in the section of this process, or in that of another one for which it
        // has waited; after a long wait, there were several.
        let waited = Some(self.waited).filter(|waited| *waited < YIELD_PERIOD);
        let section = self.held.max(waited.unwrap_or_default());
        let elapsed = since_1970.as_nanos() % YIELD_PERIOD.as_nanos();
        let has_begun = |time: Duration| elapsed < (section + time).as_nanos();
        if !has_begun(YIELD_TO_POLLERS) {
            return None;
        }
        Some(if is_polled() { YIELD_TO_POLLERS } else { YIELD }).filter(|time| has_begun(*time))
    }
}

/// A gap in which another process can wake up and acquire the lock, 100 to 250 µs.
///
/// The kernel does not hand a file lock off, so a process that requests it again at once wins against
/// every process that it has woken. The last digits of the clock keep processes out of step.
fn wake_gap() -> Duration {
    WAKE_GAP + Duration::from_micros(u64::from(sync::since_1970().subsec_nanos() % 151))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Whether the process yields at the last of these acquisitions, at times in microseconds, each
    /// held for 10.
    fn yields_at(times: impl IntoIterator<Item = u64>) -> bool {
        let start = Instant::now();
        let at = |time| start + Duration::from_micros(time);
        let mut fairness = Fairness::new(false);
        let mut verdict = Verdict::Proceed;
        for time in times {
            verdict = fairness.should_yield(at(time), || false);
            fairness.released(at(time + 10));
        }
        matches!(verdict, Verdict::Yield(_))
    }

    #[test]
    fn a_process_yields_after_reacquiring_for_too_long() {
        assert!(!yields_at([0]));
        assert!(!yields_at([0, 20, 40]));
        assert!(yields_at((0..100).map(|number| number * 60)));
    }

    #[test]
    fn a_gap_between_acquisitions_starts_the_count_anew() {
        assert!(!yields_at((0..100).map(|number| number * 150)));
        // The last one follows a long gap.
        assert!(!yields_at([0, 900_000]));
    }

    #[test]
    fn a_process_that_has_waited_for_long_yields_after_each_acquisition() {
        let start = Instant::now();
        for (waited, yields) in [(LONG_WAIT, true), (LONG_WAIT / 2, false)] {
            let mut fairness = Fairness::new(false);
            fairness.should_yield(start, || false);
            assert_eq!(
                fairness.should_yield_after_wait(start + waited, || false),
                Verdict::Proceed
            );
            fairness.released(start + waited);
            let verdict = fairness.should_yield(start + waited, || false);
            assert_eq!(matches!(verdict, Verdict::Yield(_)), yields);
        }
    }

    #[test]
    fn a_process_of_a_fair_engine_never_yields() {
        let (start, mut fairness) = (Instant::now(), Fairness::new(true));
        fairness.released(start);
        assert_eq!(fairness.should_yield_after_release(start), Verdict::Proceed);
        let later = start + YIELD_PERIOD;
        assert_eq!(fairness.should_yield(later, || true), Verdict::Proceed);
        assert_eq!(fairness.should_yield_after_wait(later, || true), Verdict::Proceed);
    }

    /// The verdict after the last of these turns, at times in milliseconds, each after a wait.
    fn after_waits_at(times: impl IntoIterator<Item = u64>) -> Verdict {
        let start = Instant::now();
        let mut fairness = Fairness::new(false);
        let mut verdict = Verdict::Proceed;
        for time in times {
            let now = start + Duration::from_millis(time);
            fairness.should_yield(now, || false);
            verdict = fairness.should_yield_after_wait(now, || false);
            fairness.released(now);
        }
        verdict
    }

    #[test]
    fn a_process_does_not_yield_after_a_long_wait() {
        assert_eq!(after_waits_at([0]), Verdict::Proceed);
        assert_eq!(after_waits_at([0, 900]), Verdict::Proceed);
    }

    #[test]
    fn a_process_that_has_taken_turns_for_a_period_yields() {
        for (is_polled, time) in [(false, YIELD), (true, YIELD_TO_POLLERS)] {
            let (start, mut fairness) = (Instant::now(), Fairness::new(false));
            fairness.should_yield(start, || is_polled);
            fairness.released(start + YIELD_PERIOD);
            fairness.should_yield_after_release(start);
            let verdict = fairness.should_yield_after_wait(start + YIELD_PERIOD, || is_polled);
            assert_eq!(verdict, Verdict::Yield(time));
        }
    }

    /// How long a process yields that had the lock for the time `held` and then `waited`, all in
    /// milliseconds, and acquires it at these times of the wall clock.
    fn yields<const N: usize>(held: u64, waited: u64, times: [u64; N]) -> [Option<Duration>; N] {
        let ms = Duration::from_millis;
        let (held, waited) = (ms(held), ms(waited));
        let mut fairness = Fairness { held, waited, ..Fairness::new(false) };
        times.map(|time| fairness.yield_at(YIELD_PERIOD + ms(time), || false))
    }

    #[test]
    fn a_process_yields_once_in_a_period() {
        assert_eq!(yields(0, 1, [0, 1, 31, 32]), [Some(YIELD), None, Some(YIELD), None]);
    }

    #[test]
    fn one_of_many_processes_takes_its_turn_unless_the_period_has_just_begun() {
        assert_eq!(yields(0, 900, [0, 33, 72, 93]), [Some(YIELD), None, None, Some(YIELD)]);
    }

    #[test]
    fn a_process_yields_after_the_period_has_begun_during_a_long_section() {
        for (held, waited) in [(20, 900), (0, 20)] {
            assert_eq!(yields(held, waited, [20, 53]), [Some(YIELD), None]);
        }
    }
}
