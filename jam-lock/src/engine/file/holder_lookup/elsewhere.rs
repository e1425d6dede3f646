//! Where the system does not list the holders of locks.

use std::path::{Path, PathBuf};

use super::{Occupancy, Seen};
use crate::engine::{HolderReply, WriterWaiting};
use crate::holder::Holder;

/// Answers that the holder of the lock file is not known.
pub(in crate::engine::file) fn find(_: PathBuf, reply: HolderReply) {
    reply(None);
}

/// The holder of the lock file, which is not known.
pub(in crate::engine::file) fn find_now(_: &Path) -> Option<Holder> {
    None
}

/// Finds no writer of another process that waits: the system does not list them.
pub(in crate::engine::file) fn find_waiting_writer(_: PathBuf, _: WriterWaiting) {}

/// A list that is not there.
pub(in crate::engine::file) struct LockTable;

impl LockTable {
    pub(in crate::engine::file) fn read() -> Self {
        Self
    }

    #[expect(clippy::unused_self, reason = "it is the same question on every platform")]
    pub(in crate::engine::file) fn occupancy(&self, _: &Seen) -> Occupancy {
        Occupancy { may_have_readers: true, ..Occupancy::default() }
    }
}
