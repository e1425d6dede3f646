//! [`Occupancy`]: the holders and waiters of a lock file, as far as the system's list shows them.

use crate::holder::Holder;
use crate::status::State;

/// What the system's list shows of one lock file, which may be less than there is.
#[derive(Default)]
pub(in crate::engine::file) struct Occupancy {
    /// The state, if a process held the lock all the time.
    pub(in crate::engine::file) state: Option<State>,
    pub(in crate::engine::file) holder: Option<Holder>,
    /// Whether the record is stale: the recorded holder was seen not to have the lock.
    pub(in crate::engine::file) is_record_stale: bool,
    /// Whether there may be readers that were not listed all the time.
    pub(in crate::engine::file) may_have_readers: bool,
    /// How many processes wait, if that is certain.
    pub(in crate::engine::file) waiting: Option<usize>,
}
