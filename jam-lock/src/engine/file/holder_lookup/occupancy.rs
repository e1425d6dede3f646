//! [`Occupancy`]: the holders and waiters of a lock file, as far as the system's list shows them.

use crate::holder::Holder;
use crate::status::State;

/// The holders and waiters of one lock file in the system's list, which may be incomplete.
#[derive(Default)]
pub(in crate::engine::file) struct Occupancy {
    /// The state, if a process held the lock during all readings.
    pub(in crate::engine::file) state: Option<State>,
    pub(in crate::engine::file) holder: Option<Holder>,
    /// Whether the record is stale: the recorded holder was seen not to have the lock.
    pub(in crate::engine::file) is_record_stale: bool,
    /// Whether there may be readers that some reading did not list.
    pub(in crate::engine::file) may_have_readers: bool,
    /// How many processes wait, if that is certain.
    pub(in crate::engine::file) waiting: Option<usize>,
}
