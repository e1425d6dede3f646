//! Finds a process that has a locked lock file open, although another one has locked it.
//!
//! The system lists the process that locked a file, which may have ended since: `flock(1)`, which locks a
//! descriptor of the shell that runs it, or a holder that has left a child behind. Which processes have
//! inherited the file is only seen by a search of all.

use std::collections::HashMap;
use std::ffi::{OsStr, OsString};
use std::fs;
use std::time::Instant;

use super::descriptors::{is_locked, lock_files};
use super::proc_locks::Entry;
use crate::this_process::{ThisProcess, start_time};

/// A search without a result is not repeated for this many times as long as it took.
const RETRY_FACTOR: u32 = 10;

/// How many searches without a result are remembered.
const MAX_MISSES: usize = 64;

/// The open lock files of all other processes that this one may look at.
#[derive(Default)]
pub(super) struct InheritedFiles {
    /// The processes and their descriptors, by the name of the file.
    by_name: HashMap<OsString, Vec<(u32, OsString)>>,
    /// When the last search began.
    searched: Option<Instant>,
    /// Locks for which no process was found, and when to search again.
    misses: Vec<(Entry, Instant)>,
}

impl InheritedFiles {
    /// The process, and its descriptor, that has the file `name` locked as `entry` shows, which was
    /// `listed` then; the oldest one of several. The search ends at `end`.
    ///
    /// Files are recognized by their descriptors alone, because a look at a file of another process would
    /// hang if its file system does.
    pub(super) fn find(
        &mut self,
        name: &OsStr,
        entry: &Entry,
        listed: Instant,
        end: Instant,
    ) -> Option<(u32, OsString)> {
        let found = self.find_known(name, entry);
        let was_missed =
            || self.misses.iter().any(|(miss, until)| miss == entry && Instant::now() < *until);
        if found.is_some() || self.searched.is_some_and(|at| at >= listed) || was_missed() {
            return found;
        }
        let start = Instant::now();
        self.search(entry.process, end);
        self.searched = Some(start);
        let found = self.find_known(name, entry);
        if found.is_none() {
            let now = Instant::now();
            self.misses.retain(|(_, until)| now < *until);
            self.misses.truncate(MAX_MISSES);
            self.misses.push((*entry, now + (now - start) * RETRY_FACTOR));
        }
        found
    }

    fn find_known(&self, name: &OsStr, entry: &Entry) -> Option<(u32, OsString)> {
        let known = self.by_name.get(name).into_iter().flatten();
        let locked = known.filter(|(process, descriptor)| is_locked(*process, descriptor, entry));
        // A child is started by the holder, not the other way round.
        locked.min_by_key(|(process, _)| (start_time(&process.to_string()), *process)).cloned()
    }

    /// Searches the processes whose ids are closest to that of `locker` first: those that it started, or
    /// that have started it.
    fn search(&mut self, locker: u32, end: Instant) {
        self.by_name.clear();
        let here = ThisProcess::get().id;
        let listed = fs::read_dir("/proc").into_iter().flatten().flatten();
        let mut processes: Vec<u32> =
            listed.filter_map(|entry| entry.file_name().to_str()?.parse().ok()).collect();
        processes.sort_unstable_by_key(|process| process.abs_diff(locker));
        let in_time = processes.into_iter().take_while(|_| Instant::now() < end);
        for process in in_time.filter(|process| *process != here) {
            for (name, descriptors) in lock_files(process, end) {
                let files = descriptors.into_iter().map(|descriptor| (process, descriptor));
                self.by_name.entry(name).or_default().extend(files);
            }
        }
    }
}
