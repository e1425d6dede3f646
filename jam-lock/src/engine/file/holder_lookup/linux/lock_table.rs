//! [`LockTable`]: the processes that Linux lists as holders of lock files, or as waiting for them.

use std::cell::{OnceCell, RefCell};
use std::collections::{HashMap, HashSet};
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::time::{Duration, Instant};

use super::ancestors::Ancestors;
use super::descriptors::{are_hidden, may_serve_file_system};
use super::devices::Devices;
use super::evidence::{Evidence, FoundHolder};
use super::live_processes::LiveProcesses;
use super::open_files::OpenFiles;
use super::proc_locks::{self, Entry, READINGS};
use super::program::program;
use super::stale_record::ProcessIdentity;
use crate::engine::Mode;
use crate::engine::file::holder_lookup::lock_snapshot::LockSnapshot;
use crate::engine::file::holder_lookup::occupancy::Occupancy;
use crate::engine::file::mount::Mount;
use crate::holder::{Confirmation, Holder};
use crate::status::State;
use crate::this_process::{ThisProcess, start_time};

/// How long the list of all locks may search for the open files of holders that are not recorded.
const SEARCH_TIME: Duration = Duration::from_secs(2);

/// One or several readings of the list. An entry in all of them was there all the time; an entry in
/// only some of them may have come or gone in between, or have been left out.
pub(in crate::engine::file) struct LockTable {
    readings: usize,
    /// When the last one ended.
    listed: Instant,
    /// By inode.
    entries: HashMap<u64, Vec<ListedEntry>>,
    identities: RefCell<HashMap<u32, Option<ProcessIdentity>>>,
    open_files: RefCell<OpenFiles>,
    devices: Devices,
    ancestors: OnceCell<Ancestors>,
    /// When the search for open files ends.
    end: OnceCell<Instant>,
}

struct ListedEntry {
    entry: Entry,
    /// The number of readings that have it.
    readings: usize,
    /// The last reading that has it; a reading may have it twice.
    last: usize,
}

impl LockTable {
    /// As many readings as make the entries certain.
    pub(in crate::engine::file) fn read() -> Self {
        let mut table = Self::empty();
        (0..READINGS).for_each(|reading| table.read_again(reading));
        table
    }

    /// One reading, which may lack a line; `open_files` are searched until `end`.
    pub(super) fn one_reading(number: usize, open_files: OpenFiles, end: Instant) -> Self {
        let (open_files, end) = (RefCell::new(open_files), OnceCell::from(end));
        let mut table = Self { open_files, end, ..Self::empty() };
        table.read_again(number);
        table
    }

    /// The open files that were found so far.
    pub(super) fn into_open_files(self) -> OpenFiles {
        self.open_files.into_inner()
    }

    /// A table of these readings.
    #[cfg(test)]
    fn from_readings(readings: &[&[Entry]]) -> Self {
        let mut table = Self::empty();
        for reading in readings {
            table.readings += 1;
            table.add(reading);
        }
        table
    }

    fn empty() -> Self {
        Self {
            readings: 0,
            listed: Instant::now(),
            entries: HashMap::new(),
            identities: RefCell::default(),
            open_files: RefCell::default(),
            devices: Devices::default(),
            ancestors: OnceCell::new(),
            end: OnceCell::new(),
        }
    }

    fn read_again(&mut self, number: usize) {
        self.readings += 1;
        self.add(&proc_locks::read(number));
        self.listed = Instant::now();
    }

    fn add(&mut self, reading: &[Entry]) {
        for entry in reading {
            let entries = self.entries.entry(entry.inode).or_default();
            let last = self.readings;
            match entries.iter_mut().find(|listed| listed.entry == *entry) {
                Some(listed) if listed.last == last => {}
                Some(listed) => {
                    listed.readings += 1;
                    listed.last = last;
                }
                None => entries.push(ListedEntry { entry: *entry, readings: 1, last }),
            }
        }
    }

    /// Whether the processes of all id namespaces are listed.
    fn has_all_processes() -> bool {
        /// The inode number of the initial namespace, which contains all others.
        const INITIAL: u64 = 0xEFFF_FFFC;
        fs::metadata("/proc/self/ns/pid").is_ok_and(|found| found.ino() == INITIAL)
    }

    /// The holder of `lock`, whether it is recorded or not.
    pub(super) fn holder(&self, lock: &LockSnapshot) -> Option<FoundHolder> {
        let holding: Vec<_> = self.entries(lock, false).map(|listed| &listed.entry).collect();
        self.find_holder(lock, &holding)
    }

    /// The recorded holder of `lock`, if the list has it as a holder.
    pub(super) fn confirmed_holder(&self, lock: &LockSnapshot) -> Option<Holder> {
        let holding: Vec<_> = self.entries(lock, false).map(|listed| &listed.entry).collect();
        self.recorded_holder(lock, &holding).map(|found| found.holder)
    }

    /// The certain facts about `lock`.
    pub(in crate::engine::file) fn occupancy(&self, lock: &LockSnapshot) -> Occupancy {
        let is_certain = |listed: &&ListedEntry| listed.readings == self.readings;
        let (certain, uncertain): (Vec<_>, Vec<_>) =
            self.entries(lock, false).partition(is_certain);
        let holding: Vec<_> = certain.iter().map(|listed| &listed.entry).collect();
        let state = holding.first().map(|entry| match entry.mode {
            Mode::Exclusive => State::Writer,
            Mode::Shared => State::Readers(uncertain.is_empty().then(|| count_processes(&holding))),
        });
        let found = self.find_holder(lock, &holding);
        let waiting: Vec<_> = self.entries(lock, true).collect();
        let is_known =
            waiting.iter().all(is_certain) && (!holding.is_empty() || Self::has_all_processes());
        let waiting: Vec<_> = waiting.into_iter().map(|listed| &listed.entry).collect();
        Occupancy {
            state,
            holder: found.map(|found| found.holder),
            // It is enough if another process had the lock at one moment since the record was read.
            is_record_stale: self
                .entries(lock, false)
                .any(|listed| self.excludes_recorded(lock, &listed.entry)),
            may_have_readers: !uncertain.is_empty() || !Self::has_all_processes(),
            waiting: is_known.then(|| count_waits(&waiting)),
        }
    }

    /// The entries of the processes that hold `lock`, or of those that wait for it.
    fn entries<'table>(
        &'table self,
        lock: &LockSnapshot,
        is_waiting: bool,
    ) -> impl Iterator<Item = &'table ListedEntry> {
        let entries = self.entries.get(&lock.metadata.ino()).into_iter().flatten();
        entries.filter(move |listed| {
            listed.entry.is_waiting == is_waiting && self.devices.is_of(listed.entry.device, lock)
        })
    }

    fn find_holder(&self, lock: &LockSnapshot, holding: &[&Entry]) -> Option<FoundHolder> {
        let found = self
            .recorded_holder(lock, holding)
            .or_else(|| self.unrecorded_holder(lock, holding))
            .or_else(|| self.unlisted_holder(lock, holding))
            .or_else(|| hidden_holder(holding));
        let mut found = found?;
        let ancestors = self.ancestors.get_or_init(Ancestors::of_this_process);
        found.holder.ancestry = ancestors.ancestry(&found.holder, &lock.path);
        Some(found)
    }

    /// The recorded holder of a lock that its file system has, or has locked for it at its source, if it
    /// lives: it records its release before it unlocks the file.
    fn unlisted_holder(&self, lock: &LockSnapshot, holding: &[&Entry]) -> Option<FoundHolder> {
        let record = lock.record.as_ref()?;
        let recorded = ProcessIdentity::recorded(Some(record))?;
        let end = *self.end.get_or_init(|| Instant::now() + SEARCH_TIME);
        let is_unlisted = match holding.first() {
            Some(entry) => may_serve_file_system(entry.process, end),
            None => Mount::of_path(&lock.path).is_some_and(|mount| mount.is_fuse()),
        };
        let process = is_unlisted
            .then(|| LiveProcesses::default().unreleased_by(record, &lock.path))
            .flatten()?;
        let (holder, _) = record.holder.clone()?;
        let holder = Holder { process: Some(process), ..holder }.seen_now();
        let evidence = Evidence::Record { process, started: recorded.started };
        Some(FoundHolder { holder, evidence })
    }

    /// The recorded holder, if it holds the lock, with the id that its process has here.
    fn recorded_holder(&self, lock: &LockSnapshot, holding: &[&Entry]) -> Option<FoundHolder> {
        let recorded = ProcessIdentity::recorded(lock.record.as_ref())?;
        let is_recorded = |entry: &&&Entry| recorded.holds(entry, || self.identity(entry.process));
        let process = holding.iter().find(is_recorded)?.process;
        let (holder, _) = lock.record.as_ref()?.holder.clone()?;
        let holder = Holder { process: Some(process), ..holder }.seen_now();
        let evidence = Evidence::Record { process, started: recorded.started };
        Some(FoundHolder { holder, evidence })
    }

    /// A holder that is not recorded.
    ///
    /// The list names the process that locked the file, which may have ended: another one may have
    /// inherited the open file, and an unrelated process may have got the id. So only a process
    /// that has the file open counts, and not one that serves a file system, and has locked the file for a
    /// process that uses it.
    fn unrecorded_holder(&self, lock: &LockSnapshot, holding: &[&Entry]) -> Option<FoundHolder> {
        let here = ThisProcess::get();
        // The gates of this process report its own holders. If it is listed here, it is just
        // acquiring or releasing the lock.
        let others = || holding.iter().copied().filter(|entry| entry.process != here.id);
        let name = lock.path.file_name()?;
        let end = *self.end.get_or_init(|| Instant::now() + SEARCH_TIME);
        let mut open_files = self.open_files.borrow_mut();
        let listed = others().find_map(|entry| {
            open_files
                .find_locked(name, entry, end)
                .map(|descriptor| (entry, entry.process, descriptor))
        });
        let (entry, process, descriptor) = listed.or_else(|| {
            others().find_map(|entry| {
                let found = open_files.inherited.find(name, entry, self.listed, end);
                found.map(|(process, descriptor)| (entry, process, descriptor))
            })
        })?;
        if may_serve_file_system(process, end) {
            return None;
        }
        let host = here.host.clone();
        let program = program(process);
        let holder = Holder { process: Some(process), program, host, ..Holder::default() };
        let evidence = Evidence::OpenFile { process, descriptor, entry: *entry };
        Some(FoundHolder { holder, evidence })
    }

    /// Whether the recorded holder cannot have the lock, because the process of `entry` has it.
    fn excludes_recorded(&self, lock: &LockSnapshot, entry: &Entry) -> bool {
        ProcessIdentity::recorded(lock.record.as_ref())
            .is_some_and(|recorded| recorded.is_excluded_by(entry, || self.identity(entry.process)))
    }

    fn identity(&self, process: u32) -> Option<ProcessIdentity> {
        let mut identities = self.identities.borrow_mut();
        *identities.entry(process).or_insert_with(|| ProcessIdentity::read(process))
    }
}

/// The listed process, if it belongs to another user: whether it still has the lock cannot be seen then.
fn hidden_holder(holding: &[&Entry]) -> Option<FoundHolder> {
    let process = holding.iter().map(|entry| entry.process).find(|process| are_hidden(*process))?;
    let started = start_time(&process.to_string())?;
    let host = ThisProcess::get().host.clone();
    let (process_id, program) = (Some(process), program(process));
    let confirmation = Confirmation::ListedOnly;
    let holder = Holder { process: process_id, program, host, confirmation, ..Holder::default() };
    Some(FoundHolder { holder, evidence: Evidence::Listed { process, started } })
}

/// The number of processes that have these entries.
fn count_processes(entries: &[&Entry]) -> usize {
    entries.iter().map(|entry| entry.process).collect::<HashSet<_>>().len()
}

/// The number of waits: each other process counts as one, and this process with each wait, since
/// its gate may wait for readers and for writers.
fn count_waits(entries: &[&Entry]) -> usize {
    let here = ThisProcess::get().id;
    let (own, others): (Vec<_>, Vec<_>) = entries.iter().partition(|entry| entry.process == here);
    own.len() + count_processes(&others)
}

#[cfg(test)]
mod tests;
