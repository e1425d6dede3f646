//! A look at the holders of all permits, some time after a wait has begun.

use std::time::{Duration, Instant};

use super::Lock;
use crate::error::LockError;
use crate::gate::Gate;
use crate::holder::Holder;
use crate::timeout::Deadline;

/// How long a wait lasts until the holders are looked at; most end before.
const FIRST_CHECK: Duration = Duration::from_millis(200);

/// Looks at the holders some time after a wait has begun.
pub(super) struct HoldersCheck {
    begun: Instant,
    /// After how long the next look is due, if there is one.
    after: Option<Duration>,
    /// Whether the wait may last forever, and fails if all holders wait for this process to exit.
    detects_ancestors: bool,
}

impl HoldersCheck {
    pub(super) fn start(gate: &Gate, deadline: Deadline) -> Self {
        let is_endless = matches!(deadline.starting_now(), Deadline::Never);
        let detects_ancestors = is_endless && gate.detects_ancestors();
        Self { begun: Instant::now(), after: Some(FIRST_CHECK), detects_ancestors }
    }

    pub(super) fn next(&self) -> Option<Instant> {
        self.after.and_then(|after| self.begun.checked_add(after))
    }

    /// Fails if the look is due and one of the `holders` has another number of permits, or if all of them
    /// wait for this process to exit.
    pub(super) fn check(
        &mut self,
        lock: &Lock,
        holders: &[Option<Box<Holder>>],
    ) -> Result<(), LockError> {
        if self.next().is_none_or(|next| Instant::now() < next) {
            return Ok(());
        }
        self.after = self.after.filter(|_| self.detects_ancestors).map(|after| 2 * after);
        holders.iter().try_for_each(|holder| lock.agree_with(holder.as_deref()))?;
        let waits = |holder: &Option<Box<Holder>>| {
            holder.as_ref().is_some_and(|holder| holder.waits_for_this_process())
        };
        match holders {
            [Some(holder), ..] if self.detects_ancestors && holders.iter().all(waits) => {
                Err(LockError::HeldByAncestor {
                    name: Box::new(lock.name.clone()),
                    location: lock.gate.location().to_owned(),
                    holder: holder.clone(),
                })
            }
            _ => Ok(()),
        }
    }
}
