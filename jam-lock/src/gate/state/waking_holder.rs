//! A holder that is recorded while it wakes up, because the one takes about as long as the other.

use super::{Hold, State};
use crate::engine::{Mode, Recorded};
use crate::gate::AcquireRequest;
use crate::site::Site;

/// What the engine has recorded for the waiter that is about to take the idle claim.
pub(super) struct WakingHolder {
    site: Site,
    permits: u16,
    is_recorded: bool,
    recorded: Recorded,
}

impl State {
    /// Records the head, a writer that was just woken and for which the idle claim is reserved.
    ///
    /// Its section begins once it has taken the claim, under the mutex: so not before it is recorded.
    pub(in super::super) fn record_waking_head(&mut self) {
        let is_reserved = self.hold == Hold::Idle(Mode::Exclusive) && self.is_reserved;
        if !is_reserved || self.waking_holder.is_some() || !self.claim.records_slowly() {
            return;
        }
        let woken = self.queue.head().filter(|head| head.woken_at().is_some());
        let request = woken.map(|head| head.request);
        let Some(request) = request.filter(|request| request.mode == Mode::Exclusive) else {
            return;
        };
        let mut recorded = self.record_holder(&request);
        self.abandoned_by = self.abandoned_by.take().or(recorded.abandoned_by.take());
        let AcquireRequest { site, permits, is_recorded, .. } = request;
        self.waking_holder = Some(WakingHolder { site, permits, is_recorded, recorded });
    }
}

impl WakingHolder {
    /// The record, if it is that of `request`.
    pub(super) fn into_record(self, request: &AcquireRequest) -> Option<Recorded> {
        let fits = self.site == request.site
            && self.permits == request.permits
            && self.is_recorded == request.is_recorded;
        fits.then_some(self.recorded)
    }
}
