//! How long readers of this process may join each other while others wait to write.
//!
//! Readers that overlap could keep the claim forever. The engine's queue, if it has one, does not
//! see that a reader joins; so now and then it is asked whether a writer waits, and then readers
//! that come are held back until those inside have left and the writer has had its turn.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Weak};
use std::time::{Duration, Instant};

use super::{HAND_OVER, Hold, State};
use crate::error::LockError;
use crate::gate::{Gate, sync};

/// What share of the time the engine may be busy with the search for writers, as one in so many.
const EFFORT: u32 = 10;

/// The turn of the readers that hold the claim.
#[derive(Default)]
pub(super) struct ReaderTurn {
    /// When it was last seen to be all right that more of them join.
    checked: Option<Instant>,
    /// Whether readers that come have to wait until the claim was given back.
    is_over: bool,
    /// How long the last search for a waiting writer took, in microseconds; the search that is
    /// underway has a share in it.
    search: Arc<AtomicU64>,
}

impl ReaderTurn {
    pub(super) fn is_over(&self) -> bool {
        self.is_over
    }

    /// Begins with the next reader.
    pub(super) fn end(&mut self) {
        (self.checked, self.is_over) = (None, false);
    }

    /// How long the readers that come may join without another check.
    fn lasts(&self) -> Duration {
        HAND_OVER.max(Duration::from_micros(self.search.load(Ordering::Relaxed)) * EFFORT)
    }

    fn is_searching(&self) -> bool {
        Arc::strong_count(&self.search) > 1
    }
}

impl State {
    /// Whether one more reader may join those inside.
    ///
    /// Every [`HAND_OVER`], the engine is asked whether that is still right; its answer about
    /// waiting writers comes later, and is for the readers after this one.
    pub(super) fn may_join_readers(&mut self, now: Instant) -> Result<bool, LockError> {
        let turn = &mut self.readers;
        let checked = *turn.checked.get_or_insert(now);
        if turn.is_over || now.duration_since(checked) < turn.lasts() {
            return Ok(!turn.is_over);
        }
        turn.checked = Some(now);
        turn.is_over = !self.claim.is_still_valid()? || self.claim.is_polled();
        if !turn.is_over && !turn.is_searching() {
            let search =
                Search { gate: self.gate.clone(), begun: now, took: Arc::clone(&turn.search) };
            self.claim.find_waiting_writer(Box::new(move || search.found()));
        }
        Ok(!self.readers.is_over)
    }

    /// Holds back the readers that come from now on, for the sake of a writer elsewhere.
    fn end_turn_of_readers(&mut self) {
        if matches!(self.hold, Hold::Shared(_)) {
            self.readers.is_over = true;
        }
    }
}

/// A search for a waiting writer, which ends when it is dropped.
struct Search {
    gate: Weak<Gate>,
    begun: Instant,
    took: Arc<AtomicU64>,
}

impl Search {
    fn found(&self) {
        if let Some(gate) = self.gate.upgrade() {
            gate.lock().end_turn_of_readers();
        }
    }
}

impl Drop for Search {
    fn drop(&mut self) {
        let took = sync::now().duration_since(self.begun);
        self.took.store(took.as_micros().try_into().unwrap_or(u64::MAX), Ordering::Relaxed);
    }
}
