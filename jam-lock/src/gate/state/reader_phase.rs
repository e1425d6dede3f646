//! How long readers of this process may join each other while a writer of another one waits.
//!
//! Readers that overlap could keep the claim forever, because the engine does not see them join each
//! other. So the engine is asked now and then whether a writer waits; if one does, new readers have
//! to wait until those inside have released the lock and the writer has had its turn.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Weak};
use std::time::{Duration, Instant};

use super::{HANDOFF_LIMIT, Hold, State};
use crate::error::LockError;
use crate::gate::{Gate, sync};

/// Searches for writers may take one part in this many of the time.
const SEARCH_SHARE: u32 = 10;

/// The time in which readers that hold the claim may be joined by others.
#[derive(Default)]
pub(super) struct ReaderPhase {
    /// When the claim was last checked, or joined for the first time.
    checked_at: Option<Instant>,
    has_ended: bool,
    /// How long the last search for a waiting writer took, in microseconds; shared with the search
    /// in progress.
    search_time: Arc<AtomicU64>,
}

impl ReaderPhase {
    /// Whether new readers wait until the claim has been released.
    pub(super) fn has_ended(&self) -> bool {
        self.has_ended
    }

    /// Ends the phase; the next one begins when a reader joins another.
    pub(super) fn reset(&mut self) {
        (self.checked_at, self.has_ended) = (None, false);
    }

    /// How long readers may join without another check.
    fn check_interval(&self) -> Duration {
        let search_time = Duration::from_micros(self.search_time.load(Ordering::Relaxed));
        HANDOFF_LIMIT.max(search_time * SEARCH_SHARE)
    }

    fn is_searching(&self) -> bool {
        Arc::strong_count(&self.search_time) > 1
    }
}

impl State {
    /// Whether one more reader may join those inside.
    ///
    /// Once per [`ReaderPhase::check_interval`], this also checks the claim and starts a search for
    /// waiting writers, whose result applies to later readers.
    pub(super) fn may_join_readers(&mut self, now: Instant) -> Result<bool, LockError> {
        let phase = &mut self.reader_phase;
        let checked_at = *phase.checked_at.get_or_insert(now);
        if phase.has_ended || now.duration_since(checked_at) < phase.check_interval() {
            return Ok(!phase.has_ended);
        }
        phase.checked_at = Some(now);
        phase.has_ended = !self.claim.is_still_valid()? || self.claim.is_polled();
        if !phase.has_ended && !phase.is_searching() {
            let gate = self.gate.clone();
            let search = WriterSearch { gate, begun: now, time: Arc::clone(&phase.search_time) };
            self.claim.find_waiting_writer(Box::new(move || search.found()));
        }
        Ok(!self.reader_phase.has_ended)
    }

    fn end_reader_phase(&mut self) {
        if matches!(self.hold, Hold::Shared(_)) {
            self.reader_phase.has_ended = true;
        }
    }
}

/// A search for a waiting writer, which ends when it is dropped.
struct WriterSearch {
    gate: Weak<Gate>,
    begun: Instant,
    time: Arc<AtomicU64>,
}

impl WriterSearch {
    fn found(&self) {
        if let Some(gate) = self.gate.upgrade() {
            gate.update(State::end_reader_phase);
        }
    }
}

impl Drop for WriterSearch {
    fn drop(&mut self) {
        let time = sync::now().duration_since(self.begun);
        self.time.store(time.as_micros().try_into().unwrap_or(u64::MAX), Ordering::Relaxed);
    }
}
