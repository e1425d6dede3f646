//! Distinguishes the record of a living holder from a stale one, which a dead process has left.
//!
//! A process id is reused, so a record names a process by its id and the time at which it started.
//! The record is live if that process is listed as a writer of the lock, and stale if another
//! process has the lock.

use std::fs;

use super::proc_locks::Entry;
use crate::engine::Mode;
use crate::engine::file::record::Record;
use crate::this_process::start_time;

/// A process, as it records itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct ProcessIdentity {
    /// Its id in its own process id namespace.
    pub(super) own_id: u32,
    pub(super) started: u64,
}

impl ProcessIdentity {
    /// The identity of `process`, an id of this process's namespace.
    pub(super) fn read(process: u32) -> Option<Self> {
        let own_id = own_id(process)?;
        Some(Self { own_id, started: start_time(&process.to_string())? })
    }

    /// The identity of the holder in `record`, if it has one.
    pub(super) fn recorded(record: Option<&Record>) -> Option<Self> {
        let (holder, start) = record?.holder.as_ref()?;
        Some(Self { own_id: holder.process?, started: start.ticks? })
    }

    /// Whether this recorded holder is the process that `entry` lists as a holder, which is
    /// `listed`. Only writers record themselves.
    pub(super) fn holds(self, entry: &Entry, listed: impl FnOnce() -> Option<Self>) -> bool {
        entry.mode == Mode::Exclusive && listed() == Some(self)
    }

    /// Whether this recorded holder cannot have the lock, because another process does: the one
    /// that `entry` lists as a holder, which is `listed`.
    pub(super) fn is_excluded_by(
        self,
        entry: &Entry,
        listed: impl FnOnce() -> Option<Self>,
    ) -> bool {
        match entry.mode {
            Mode::Shared => true,
            Mode::Exclusive => listed().is_some_and(|listed| listed != self),
        }
    }
}

fn own_id(process: u32) -> Option<u32> {
    let status = fs::read_to_string(format!("/proc/{process}/status")).ok()?;
    let ids = status.lines().find_map(|line| line.strip_prefix("NSpid:"))?;
    ids.split_whitespace().next_back()?.parse().ok()
}
