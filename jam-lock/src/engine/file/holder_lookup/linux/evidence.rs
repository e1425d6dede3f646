//! [`Evidence`]: what makes the holder of a lock file certain.

use std::ffi::OsString;

use super::descriptors;
use super::proc_locks::Entry;
use crate::holder::Holder;
use crate::this_process::start_time;

/// A holder, and how it was found.
#[derive(Clone, Debug)]
pub(super) struct FoundHolder {
    pub(super) holder: Holder,
    pub(super) evidence: Evidence,
}

/// How a holder was found.
#[derive(Clone, Debug)]
pub(super) enum Evidence {
    /// The record is that of a listed process, with this id and start.
    Record { process: u32, started: u64 },
    /// The process is listed, and another user's, so its open files cannot be seen.
    Listed { process: u32, started: u64 },
    /// The process has the lock file open, and locked.
    OpenFile { process: u32, descriptor: OsString, entry: Entry },
}

impl Evidence {
    /// Whether the evidence is still there; whether the record is unchanged is left to the caller.
    pub(super) fn is_still_valid(&self) -> bool {
        match self {
            Self::Record { process, started } | Self::Listed { process, started } => {
                start_time(&process.to_string()) == Some(*started)
            }
            Self::OpenFile { process, descriptor, entry } => {
                descriptors::is_locked(*process, descriptor, entry)
            }
        }
    }
}
