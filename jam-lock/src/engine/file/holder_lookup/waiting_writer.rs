//! Whether writers of other processes wait for lock files that this one reads.

use std::os::unix::fs::MetadataExt;
use std::path::PathBuf;

use super::devices::Devices;
use super::proc_locks::{self, Entry};
use super::{Seen, call_safely};
use crate::engine::{Mode, WriterWaiting};
use crate::this_process::ThisProcess;

/// A search for a writer that waits for a lock file, and what to call where there is one.
pub(super) struct Search {
    pub(super) lock: PathBuf,
    pub(super) found: WriterWaiting,
}

/// Ends these searches with one reading of the system's list, which may lack a line.
pub(super) fn end(searches: Vec<Search>) {
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
        let Ok(seen) = Seen::look(&lock) else { continue };
        let waits_for_it =
            |entry: &&&Entry| entry.inode == seen.file.ino() && devices.is_of(entry.device, &seen);
        if writers.iter().any(|entry| waits_for_it(&entry)) {
            call_safely(found);
        }
    }
}
