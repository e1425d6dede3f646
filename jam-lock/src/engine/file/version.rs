//! [`Version`]: the times of a lock file, by which processes learn whether another one has written the
//! holder record. `record/last_writer.rs` has their meaning.

use std::fs::Metadata;
use std::time::Duration;

use super::platform;

/// The modification time of a lock file, since 1970, and its time of change, which nobody can set.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Version {
    modified: Duration,
    changed: Duration,
}

impl Version {
    /// The version in this `metadata`, if it can be relied on: other processes that may lock the file
    /// as writers can set the version too, and the file system has fine times.
    pub(super) fn of(metadata: &Metadata) -> Option<Self> {
        let (modified, changed) = platform::times_if_owner_alone_writes(metadata)?;
        let is_fine = changed.subsec_nanos() > 0;
        is_fine.then_some(Self { modified, changed })
    }

    pub(super) fn modified(self) -> Duration {
        self.modified
    }

    /// Whether it is a process's own; the time of a creation may look like that too.
    pub(super) fn is_own_of_a_process(self) -> bool {
        self.modified.subsec_nanos() % 2 == 1
    }
}
