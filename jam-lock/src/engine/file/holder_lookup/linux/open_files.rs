//! Finds the open file of a process that is a locked lock file.
//!
//! A process may have very many files open, so those with the name of the lock file are checked first, and
//! the search has a time limit.

use std::collections::HashMap;
use std::ffi::{OsStr, OsString};
use std::time::Instant;

use super::descriptors::{ByName, descriptors, is_locked, lock_files};
use super::inherited_files::InheritedFiles;
use super::proc_locks::Entry;

/// How many processes are cached: hardly ever are there more holders to look up at one time.
const MAX_CACHED: usize = 64;

/// The open lock files of the processes that were searched, by name.
#[derive(Default)]
pub(super) struct OpenFiles {
    processes: HashMap<u32, ByName>,
    /// Those of all processes.
    pub(super) inherited: InheritedFiles,
}

impl OpenFiles {
    /// The descriptor with which the listed process of `entry` has locked the file `name`, if one is found
    /// before `end`.
    pub(super) fn find_locked(
        &mut self,
        name: &OsStr,
        entry: &Entry,
        end: Instant,
    ) -> Option<OsString> {
        let process = entry.process;
        let is_it = |descriptor: &OsString| is_locked(process, descriptor, entry);
        let cached = self.processes.get(&process).and_then(|files| files.get(name));
        if let Some(found) = cached.and_then(|cached| cached.iter().find(|it| is_it(it))) {
            return Some(found.clone());
        }
        if self.processes.len() >= MAX_CACHED {
            self.processes.clear();
        }
        let files = lock_files(process, end);
        let found = files.get(name).and_then(|files| files.iter().find(|it| is_it(it)).cloned());
        self.processes.insert(process, files);
        // It may have been opened under another name.
        found.or_else(|| descriptors(process, end).find(is_it))
    }
}
