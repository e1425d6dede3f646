//! The holder in this process, as other processes can read it.

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
}

impl RecordedHolder {
    /// The record of `request`; `None` if it is uncertain, so that the next holder meets the error
    /// itself.
    pub(super) fn new(
        request: &AcquireRequest,
        recorded: &Recorded,
        is_abandoned: bool,
    ) -> Option<Self> {
        let AcquireRequest { site, permits, is_recorded, .. } = *request;
        let Recorded { token, token_reserve, .. } = *recorded;
        let is_certain = recorded.record_error.is_none();
        let record = Self { site, permits, is_recorded, is_abandoned, token, token_reserve };
        is_certain.then_some(record)
    }

    /// Reuses the record for the next writer; `None` if the engine has to write a new one.
    ///
    /// Its token leaves one free below it, for readers.
    pub(super) fn reuse(
        &mut self,
        request: &AcquireRequest,
        is_abandoned: bool,
    ) -> Option<Recorded> {
        let fits = self.is_recorded == request.is_recorded
            && self.site == request.site
            && self.permits == request.permits
            && self.is_abandoned == is_abandoned;
        self.token_reserve = self.token_reserve.checked_sub(2).filter(|_| fits)?;
        self.token += 2;
        Some(Recorded { token: self.token, ..Recorded::default() })
    }
}
