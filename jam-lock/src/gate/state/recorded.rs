//! What other processes were told of who is inside.

use crate::engine::Recorded;
use crate::gate::Acquisition;
use crate::site::Site;

/// What the engine has made known, which also fits those who enter at the same place.
pub(super) struct Published {
    site: Site,
    is_recorded: bool,
    /// Whether it says of somebody else that the lock was left abandoned.
    is_abandoned: bool,
    token: u64,
    token_reserve: u64,
}

impl Published {
    /// What was made known of `asked`; nothing where that is not certain, so that whoever is next
    /// meets the error for itself.
    pub(super) fn new(
        asked: &Acquisition,
        recorded: &Recorded,
        is_abandoned: bool,
    ) -> Option<Self> {
        let Acquisition { site, is_recorded, .. } = *asked;
        let Recorded { token, token_reserve, .. } = *recorded;
        let is_certain = recorded.record_error.is_none();
        is_certain.then_some(Self { site, is_recorded, is_abandoned, token, token_reserve })
    }

    /// What the next writer is told, unless the engine has to be.
    ///
    /// Its token leaves one free before it, for readers.
    pub(super) fn next(&mut self, asked: &Acquisition, is_abandoned: bool) -> Option<Recorded> {
        let fits = self.is_recorded == asked.is_recorded
            && self.site == asked.site
            && self.is_abandoned == is_abandoned;
        self.token_reserve = self.token_reserve.checked_sub(2).filter(|_| fits)?;
        self.token += 2;
        Some(Recorded { token: self.token, ..Recorded::default() })
    }
}
