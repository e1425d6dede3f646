//! Ends a wait that would never end, because the holder waits for this process to exit.

use std::time::{Duration, Instant};

use crate::error::LockError;
use crate::gate::Gate;
use crate::holder::Holder;
use crate::permits;
use crate::timeout::Deadline;

/// How long a wait lasts until the first check; most end before.
const FIRST: Duration = Duration::from_millis(200);

/// The checks of one wait, each after twice the time: the holder may begin to wait for this process later.
pub(super) struct AncestorCheck {
    /// How many there were, unless none is needed; every waiting task has room for it.
    done: Option<u8>,
}

impl AncestorCheck {
    /// The checks of a wait that begins now; none for one that ends by itself.
    pub(super) fn start(gate: &Gate, deadline: Deadline) -> Self {
        let is_endless = matches!(deadline.starting_now(), Deadline::Never);
        let is_needed = is_endless && gate.detects_ancestors();
        Self { done: is_needed.then_some(0) }
    }

    /// When the next check is due, of a wait that has begun at `begun`.
    pub(super) fn next(&self, begun: Instant) -> Option<Instant> {
        let after = FIRST.checked_mul(1 << self.done.filter(|done| *done < 32)?)?;
        begun.checked_add(after)
    }

    /// Fails if the check is due, and `holder` waits for this process to exit.
    pub(super) fn check(
        &mut self,
        gate: &Gate,
        begun: Instant,
        holder: Option<&Holder>,
    ) -> Result<(), LockError> {
        if self.next(begun).is_none_or(|next| Instant::now() < next) {
            return Ok(());
        }
        self.done = self.done.map(|done| done + 1);
        permits::agree(gate.name(), gate, holder)?;
        match holder.filter(|holder| holder.waits_for_this_process()) {
            None => Ok(()),
            Some(holder) => Err(LockError::HeldByAncestor {
                name: Box::new(gate.name().clone()),
                location: gate.location().to_owned(),
                holder: Box::new(holder.clone()),
            }),
        }
    }
}
