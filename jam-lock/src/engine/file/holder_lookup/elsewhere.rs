//! Systems that do not list the holders of locks: nothing is certain.

use std::fs::File;
use std::path::{Path, PathBuf};

use super::lock_snapshot::LockSnapshot;
use super::occupancy::Occupancy;
use crate::engine::file::record::Record;
use crate::engine::{HolderReply, WriterWaiting};
use crate::holder::Holder;

/// Replies that the holder of the lock file is unknown.
pub(in crate::engine::file) fn find(_: PathBuf, reply: HolderReply) {
    reply(None);
}

/// The holder of the lock file, which is unknown.
pub(in crate::engine::file) fn find_now(_: &Path) -> Option<Holder> {
    None
}

/// The recorded holder, which cannot be confirmed.
pub(in crate::engine::file) fn confirm(_: &LockSnapshot) -> Option<Holder> {
    None
}

/// Finds no waiting writer of another process.
pub(in crate::engine::file) fn find_waiting_writer(_: PathBuf, _: WriterWaiting) {}

/// Whether the system lists the lock of `file`, which this process has locked.
pub(in crate::engine::file) fn is_lock_listed(_: &File) -> bool {
    false
}

/// The list that the system does not have.
pub(in crate::engine::file) struct LockTable;

impl LockTable {
    pub(in crate::engine::file) fn read() -> Self {
        Self
    }

    #[expect(clippy::unused_self, reason = "the same signature as on Linux")]
    pub(in crate::engine::file) fn occupancy(&self, _: &LockSnapshot) -> Occupancy {
        Occupancy { may_have_readers: true, ..Occupancy::default() }
    }
}

/// The processes that the system does not list.
#[derive(Default)]
pub(in crate::engine::file) struct LiveProcesses;

impl LiveProcesses {
    /// Whether the recorded holder lives, which is unknown: it counts as dead.
    #[expect(clippy::unused_self, reason = "the same signature as on Linux")]
    pub(in crate::engine::file) fn has_not_released(&self, _: &Record, _: &Path) -> bool {
        false
    }
}
