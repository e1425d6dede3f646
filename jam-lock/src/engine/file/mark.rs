//! The abandonment mark of one lock: that a writer is inside, or that somebody died there and nobody
//! has recovered since.
//!
//! It has to be read before anything else is written, and is taken away by nobody but a writer who
//! has read it and leaves the lock clean.

/// What is known of the mark while this process has the claim.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) enum Mark {
    /// Nothing: nobody here has read it, or could, since the claim was made.
    #[default]
    Unread,
    /// That there is none.
    Clear,
    /// That it stands, for somebody of this process or for who died before.
    Standing,
}

impl Mark {
    /// As it was found: there is one where somebody has died.
    pub(super) fn found(somebody_died: bool) -> Self {
        if somebody_died { Self::Standing } else { Self::Clear }
    }
}
