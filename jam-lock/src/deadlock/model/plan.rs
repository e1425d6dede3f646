//! [`Plan`]: what an owner of the model does.

/// What an owner does: it acquires these locks, one inside the other, and releases them.
#[derive(Clone, Copy)]
pub(super) struct Plan {
    pub(super) process: usize,
    pub(super) locks: &'static [usize],
    /// Whether a wait may time out.
    pub(super) may_time_out: bool,
}
