//! What other processes were told of who is inside.

use crate::engine::Publication;
use crate::gate::Acquisition;
use crate::site::Site;

/// What the engine has made known, which also fits those who enter at the same place.
pub(super) struct Published {
    site: Site,
    is_recorded: bool,
    token: u64,
    spare: u64,
}

impl Published {
    pub(super) fn new(asked: &Acquisition, publication: &Publication) -> Self {
        let Acquisition { site, is_recorded, .. } = *asked;
        let Publication { token, spare, .. } = *publication;
        Self { site, is_recorded, token, spare }
    }

    /// What the next writer is told, unless the engine has to be.
    ///
    /// Its token leaves one free before it, for readers.
    pub(super) fn next(&mut self, asked: &Acquisition) -> Option<Publication> {
        let fits = self.is_recorded == asked.is_recorded && self.site == asked.site;
        self.spare = self.spare.checked_sub(2).filter(|_| fits)?;
        self.token += 2;
        Some(Publication { token: self.token, ..Publication::default() })
    }
}
