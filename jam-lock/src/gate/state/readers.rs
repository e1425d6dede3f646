//! How long readers of this process may join each other while others wait to write.
//!
//! Readers that overlap could keep the claim forever. The engine's queue, if it has one, does not
//! see that a reader joins; so now and then it is asked whether a writer waits, and then readers
//! that come are held back until those inside have left and the writer has had its turn.

use std::time::Instant;

use super::{HAND_OVER, Hold, State};
use crate::LockError;

/// The turn of the readers that hold the claim.
#[derive(Default)]
pub(super) struct ReaderTurn {
    /// When it was last seen to be all right that more of them join.
    checked: Option<Instant>,
    /// Whether readers that come have to wait until the claim was given back.
    is_over: bool,
}

impl ReaderTurn {
    pub(super) fn is_over(&self) -> bool {
        self.is_over
    }

    /// Begins with the next reader.
    pub(super) fn end(&mut self) {
        *self = Self::default();
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
        if turn.is_over || now.duration_since(checked) < HAND_OVER {
            return Ok(!turn.is_over);
        }
        turn.checked = Some(now);
        turn.is_over = !self.claim.is_still_valid()? || self.claim.is_polled();
        if !turn.is_over {
            let gate = self.gate.clone();
            self.claim.find_waiting_writer(Box::new(move || {
                if let Some(gate) = gate.upgrade() {
                    gate.lock().end_turn_of_readers();
                }
            }));
        }
        Ok(!self.readers.is_over)
    }

    /// Holds back the readers that come from now on, for the sake of a writer elsewhere.
    pub(in super::super) fn end_turn_of_readers(&mut self) {
        if matches!(self.hold, Hold::Shared(_)) {
            self.readers.is_over = true;
        }
    }
}
