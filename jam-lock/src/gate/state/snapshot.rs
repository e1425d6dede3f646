//! What a gate knows better than the engine of how its lock stands.

use super::{Hold, State};
use crate::status::Status;

impl State {
    /// How the lock stands, by the engine's `status` and by what is known better here.
    ///
    /// The engine sees one process that holds it, and one that waits; who of it does is seen here.
    pub(in super::super) fn amend(&self, status: Status) -> Status {
        let elsewhere = status.waiting().map(|count| count.saturating_sub(self.pursuits.count()));
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
