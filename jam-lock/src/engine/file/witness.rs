//! Who holds a lock file at the moment, where that is certain.
//!
//! A record says who holds the lock, but whoever wrote it may have died since, and another have
//! taken the lock that writes none. So the holder is one that the system itself names, and the
//! record is believed where it is that one's. Only Linux names them.

#[cfg(target_os = "linux")]
mod linux;
#[cfg(target_os = "linux")]
mod lock_table;

#[cfg(target_os = "linux")]
pub(super) use self::linux::{Census, has_waiting_writer, holder};
use crate::State;
use crate::holder::Holder;

/// Those who hold one lock file, and wait for it.
pub(super) struct Crowd {
    pub(super) state: State,
    pub(super) holder: Option<Holder>,
    /// Whether who is recorded is certainly none of them.
    pub(super) is_without_recorded: bool,
    /// How many wait, where that is known.
    pub(super) waiting: Option<usize>,
}

/// Nobody who is certain.
#[cfg(not(target_os = "linux"))]
pub(super) fn holder(_: &std::path::Path) -> Option<Holder> {
    None
}

/// Nobody who is counted.
#[cfg(not(target_os = "linux"))]
pub(super) struct Census;

#[cfg(not(target_os = "linux"))]
impl Census {
    pub(super) fn take() -> Self {
        Self
    }

    pub(super) fn is_of_everybody() -> bool {
        false
    }

    #[expect(clippy::unused_self, reason = "it is the same question on every platform")]
    pub(super) fn of(
        &self,
        _: &std::fs::Metadata,
        _: Option<(Holder, Option<u64>)>,
    ) -> Option<Crowd> {
        None
    }
}

/// Nobody who is known.
#[cfg(not(target_os = "linux"))]
pub(super) fn has_waiting_writer(_: &std::path::Path) -> bool {
    false
}
