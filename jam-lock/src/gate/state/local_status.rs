//! Corrections to the engine's status of a lock, from what its gate knows.

use super::{Hold, State};
use crate::status::Status;

impl State {
    /// Replaces the one holder and the waits that the engine sees of this process with its actual
    /// holders and waiters.
    pub(in super::super) fn refine_status(&self, status: Status) -> Status {
        let current = self.engine_waits.ids();
        let own = self.own_waits.count_besides(&current);
        let engine_waits = current.iter().flatten().count() + own;
        let elsewhere = status.waiting().map(|count| count.saturating_sub(engine_waits));
        let waiting = elsewhere.map(|count| count + self.queue.waiting());
        let status = status.waited_for_by(waiting);
        let state = match (self.hold, status.state()) {
            (Hold::Exclusive, _) => crate::status::State::Writer,
            (Hold::Shared(here), crate::status::State::Readers(Some(processes))) => {
                crate::status::State::Readers(Some(processes.max(1) - 1 + here))
            }
            (Hold::Shared(_), _) => crate::status::State::Readers(None),
            (Hold::None | Hold::Idle(_), _) => return status,
        };
        if self.is_lost() {
            return status;
        }
        let token = status.token().max((self.token > 0).then_some(self.token));
        status.held_here(state, self.holder(), token)
    }
}
