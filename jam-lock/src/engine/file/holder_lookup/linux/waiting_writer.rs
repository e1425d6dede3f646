//! Looks for writers of other processes that wait for lock files that this process reads.

use std::os::unix::fs::MetadataExt;
use std::path::PathBuf;

use super::devices::Devices;
use super::proc_locks::{self, Entry};
use super::run_callback::run_callback;
use crate::engine::file::holder_lookup::lock_snapshot::LockSnapshot;
use crate::engine::{Mode, WriterWaiting};
use crate::this_process::ThisProcess;

/// A search for a writer that waits for a lock file, and the callback if there is one.
pub(super) struct Search {
    pub(super) lock: PathBuf,
    pub(super) found: WriterWaiting,
}

/// Carries out these searches with one reading of the system's list, which may lack a line.
pub(super) fn run(searches: Vec<Search>) {
    if searches.is_empty() {
        return;
    }
    let here = ThisProcess::get().id;
    let is_waiting_writer =
        |entry: &&Entry| entry.is_waiting && entry.mode == Mode::Exclusive && entry.process != here;
    let entries = proc_locks::read(0);
    let writers: Vec<_> = entries.iter().filter(is_waiting_writer).collect();
    let devices = Devices::default();
    for Search { lock, found } in searches {
        let Ok(lock) = LockSnapshot::take(&lock) else { continue };
        let waits_for_it = |entry: &&&Entry| {
            entry.inode == lock.metadata.ino() && devices.is_of(entry.device, &lock)
        };
        if writers.iter().any(|entry| waits_for_it(&entry)) {
            run_callback(found);
        }
    }
}
