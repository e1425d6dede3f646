//! [`Waiting`]: what accompanies a wait for a lock, until it ends.

use super::ancestor_check::AncestorCheck;
use super::observed_wait::ObservedWait;
use crate::deadlock::PublishedWait;
use crate::error::LockError;
use crate::gate::{Gate, Wait};
use crate::holder::Holder;

/// A wait for the lock. It is withdrawn before it ends, and the observer learns of its end before the
/// place in the queue is given up.
pub(super) struct Waiting<'wait> {
    pub(super) published: Option<Box<PublishedWait>>,
    pub(super) observed: ObservedWait,
    pub(super) ancestor_check: Option<AncestorCheck>,
    pub(super) wait: Wait<'wait>,
}

impl Waiting<'_> {
    /// Lets the waiters behind go first if the observer is to be notified, which may be slow.
    pub(super) fn skip_if_observed(&self) {
        if self.observed.is_due() {
            self.wait.skip_until_polled();
        }
    }

    /// Does what the wait was interrupted for; an error ends it.
    pub(super) fn interrupted(
        &mut self,
        gate: &Gate,
        holder: Option<&Holder>,
    ) -> Result<(), LockError> {
        self.observed.still_waiting(holder);
        if let Some(check) = &mut self.ancestor_check {
            check.check(gate, holder)?;
        }
        self.set_interrupt();
        Ok(())
    }

    pub(super) fn set_interrupt(&mut self) {
        let check = self.ancestor_check.as_ref().and_then(AncestorCheck::next);
        self.wait.interrupt_at =
            [self.observed.still_waiting_at, check].into_iter().flatten().min();
    }

    pub(super) fn is_try(&self) -> bool {
        self.observed.is_try
    }

    /// Withdraws the wait, which has ended. Its owner goes on as soon as a holder has been looked up, and so
    /// is in no cycle any more.
    pub(super) fn withdraw(&mut self) {
        self.published = None;
    }
}
