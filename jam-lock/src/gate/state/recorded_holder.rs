//! The holder in this process, as other processes can read it.

use std::time::Instant;

use super::HANDOFF_LIMIT;
use crate::engine::Recorded;
use crate::gate::AcquireRequest;
use crate::site::Site;

/// The writer that the engine has recorded; the record also fits later writers of the same call site.
pub(super) struct RecordedHolder {
    site: Site,
    permits: u16,
    is_recorded: bool,
    /// Whether the record names another holder, which left the lock abandoned.
    is_abandoned: bool,
    token: u64,
    token_reserve: u64,
    since: Instant,
}

impl RecordedHolder {
    /// The record of `request`; `None` if it is uncertain, so that the next holder meets the error
    /// itself.
    pub(super) fn new(
        request: &AcquireRequest,
        recorded: &Recorded,
        is_abandoned: bool,
        since: Instant,
    ) -> Option<Self> {
        let AcquireRequest { site, permits, is_recorded, .. } = *request;
        let Recorded { token, token_reserve, .. } = *recorded;
        let is_certain = recorded.record_error.is_none();
        let record = Self { site, permits, is_recorded, is_abandoned, token, token_reserve, since };
        is_certain.then_some(record)
    }

    /// Reuses the record for a writer `since` now; `None` if the engine has to write a new one. People
    /// would not notice how much older the record is.
    ///
    /// Its token leaves one free below it, for readers.
    pub(super) fn reuse(
        &mut self,
        request: &AcquireRequest,
        is_abandoned: bool,
        since: Instant,
    ) -> Option<Recorded> {
        let fits = self.is_recorded == request.is_recorded
            && self.site == request.site
            && self.permits == request.permits
            && self.is_abandoned == is_abandoned
            && since.duration_since(self.since) < HANDOFF_LIMIT;
        self.token_reserve = self.token_reserve.checked_sub(2).filter(|_| fits)?;
        self.token += 2;
        Some(Recorded { token: self.token, ..Recorded::default() })
    }
}

#[cfg(all(test, not(shuttle)))]
mod tests {
    use super::*;
    use crate::engine::Mode;
    use crate::gate::test_support::request;

    #[test]
    fn a_record_is_reused_only_while_its_time_is_about_right() {
        let (request, since) = (request(Mode::Exclusive), Instant::now());
        let recorded = Recorded { token: 10, token_reserve: 100, ..Recorded::default() };
        let mut holder = RecordedHolder::new(&request, &recorded, false, since).unwrap();
        assert_eq!(holder.reuse(&request, false, since).map(|reused| reused.token), Some(12));
        assert!(holder.reuse(&request, false, since + HANDOFF_LIMIT).is_none());
    }
}
