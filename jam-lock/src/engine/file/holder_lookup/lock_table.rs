//! The processes that Linux lists as holders of lock files, or as waiting for them.

use std::cell::{OnceCell, RefCell};
use std::collections::{HashMap, HashSet};
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::time::{Duration, Instant};

use super::devices::Devices;
use super::evidence::{Evidence, Found, Identity, program};
use super::open_files::OpenFiles;
use super::proc_locks::{self, Entry, READINGS};
use super::{Occupancy, Seen};
use crate::engine::Mode;
use crate::holder::Holder;
use crate::status::State;
use crate::this_process::ThisProcess;

/// How long a list of all locks may look for the open files of holders that record nothing.
const PATIENCE: Duration = Duration::from_secs(2);

/// One or several readings of the list. What is in all of them was so all the time; what is in some
/// of them may have come or gone meanwhile, or have been left out.
pub(in crate::engine::file) struct LockTable {
    readings: usize,
    /// By inode.
    seen: HashMap<u64, Vec<Sighting>>,
    identities: RefCell<HashMap<u32, Option<Identity>>>,
    open_files: RefCell<OpenFiles>,
    devices: Devices,
    /// Until when files are looked for.
    end: OnceCell<Instant>,
}

struct Sighting {
    entry: Entry,
    /// In how many readings it was, and in which one last: a reading may show it twice.
    readings: usize,
    last: usize,
}

impl LockTable {
    /// What can be known of all locks.
    pub(in crate::engine::file) fn read() -> Self {
        let mut table = Self::empty();
        (0..READINGS).for_each(|reading| table.read_again(reading));
        table
    }

    /// One reading, which may lack a line; files are looked for in `open_files` until `end`.
    pub(super) fn one_reading(number: usize, open_files: OpenFiles, end: Instant) -> Self {
        let (open_files, end) = (RefCell::new(open_files), OnceCell::from(end));
        let mut table = Self { open_files, end, ..Self::empty() };
        table.read_again(number);
        table
    }

    /// What has been found out of open files.
    pub(super) fn into_open_files(self) -> OpenFiles {
        self.open_files.into_inner()
    }

    /// What these readings show, one after the other.
    #[cfg(test)]
    fn of_readings(readings: &[&[Entry]]) -> Self {
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
            seen: HashMap::new(),
            identities: RefCell::default(),
            open_files: RefCell::default(),
            devices: Devices::default(),
            end: OnceCell::new(),
        }
    }

    fn read_again(&mut self, number: usize) {
        self.readings += 1;
        self.add(&proc_locks::read(number));
    }

    fn add(&mut self, reading: &[Entry]) {
        for entry in reading {
            let seen = self.seen.entry(entry.inode).or_default();
            let last = self.readings;
            match seen.iter_mut().find(|sighting| sighting.entry == *entry) {
                Some(sighting) if sighting.last == last => {}
                Some(sighting) => {
                    sighting.readings += 1;
                    sighting.last = last;
                }
                None => seen.push(Sighting { entry: *entry, readings: 1, last }),
            }
        }
    }

    /// Whether it lists the processes of all id namespaces.
    fn is_of_all_processes() -> bool {
        /// The number of the first namespace, which is above all others.
        const FIRST: u64 = 0xEFFF_FFFC;
        fs::metadata("/proc/self/ns/pid").is_ok_and(|found| found.ino() == FIRST)
    }

    /// The holder of `lock`, where it is certain: a recorded one, or one that records nothing.
    pub(super) fn holder(&self, lock: &Seen) -> Option<Found> {
        let holding: Vec<_> = self.of(lock, false).map(|sighting| &sighting.entry).collect();
        self.recorded(lock, &holding).or_else(|| self.unrecorded(lock, &holding))
    }

    /// What is certain of `lock`.
    pub(in crate::engine::file) fn occupancy(&self, lock: &Seen) -> Occupancy {
        let is_certain = |sighting: &&Sighting| sighting.readings == self.readings;
        let (certain, passing): (Vec<_>, Vec<_>) = self.of(lock, false).partition(is_certain);
        let holding: Vec<_> = certain.iter().map(|sighting| &sighting.entry).collect();
        let state = holding.first().map(|entry| match entry.mode {
            Mode::Exclusive => State::Writer,
            Mode::Shared => State::Readers(passing.is_empty().then(|| processes(&holding))),
        });
        let found = self.recorded(lock, &holding).or_else(|| self.unrecorded(lock, &holding));
        let waiting: Vec<_> = self.of(lock, true).collect();
        let is_known =
            waiting.iter().all(is_certain) && (!holding.is_empty() || Self::is_of_all_processes());
        let waiting: Vec<_> = waiting.into_iter().map(|sighting| &sighting.entry).collect();
        Occupancy {
            state,
            holder: found.map(|found| found.holder),
            // What was so at any moment since the record was read is enough.
            excludes_recorded: self
                .of(lock, false)
                .any(|sighting| self.excludes_recorded(lock, &sighting.entry)),
            may_have_readers: !passing.is_empty() || !Self::is_of_all_processes(),
            waiting: is_known.then(|| waits(&waiting)),
        }
    }

    /// The entries of those that hold `lock`, or wait for it.
    fn of<'table>(
        &'table self,
        lock: &Seen,
        is_waiting: bool,
    ) -> impl Iterator<Item = &'table Sighting> {
        let there = self.seen.get(&lock.file.ino()).into_iter().flatten();
        there.filter(move |sighting| {
            sighting.entry.is_waiting == is_waiting
                && self.devices.is_of(sighting.entry.device, lock)
        })
    }

    /// The recorded holder, if it is one of those that hold the lock, with the process id that it
    /// has here. Only writers record themselves.
    fn recorded(&self, lock: &Seen, holding: &[&Entry]) -> Option<Found> {
        let (holder, started) = lock.record.as_ref()?.holder.as_ref()?;
        let known = Identity { own: holder.process?, started: (*started)? };
        let is_recorded = |entry: &&&Entry| {
            entry.mode == Mode::Exclusive && self.identity(entry.process) == Some(known)
        };
        let process = holding.iter().find(is_recorded)?.process;
        let holder = Holder { process: Some(process), ..holder.clone() }.seen_now();
        let evidence = Evidence::Record { process, started: known.started };
        Some(Found { holder, evidence })
    }

    /// A holder that records nothing.
    ///
    /// The list names the process that locked the file, which may have ended and left it open to a
    /// child, and its number to a stranger. So only a process that has it open counts.
    fn unrecorded(&self, lock: &Seen, holding: &[&Entry]) -> Option<Found> {
        let here = ThisProcess::get();
        // What this process holds its gates know; seen from here, it is only on its way in or out.
        let mut processes = holding.iter().map(|it| it.process).filter(|it| *it != here.id);
        let end = *self.end.get_or_init(|| Instant::now() + PATIENCE);
        let mut open_files = self.open_files.borrow_mut();
        let (process, descriptor) = processes.find_map(|process| {
            open_files.locked(process, lock, end).map(|descriptor| (process, descriptor))
        })?;
        let host = here.host.clone();
        let program = program(process);
        let holder = Holder { process: Some(process), program, host, ..Holder::default() };
        let evidence = Evidence::OpenFile { process, descriptor, inode: lock.file.ino() };
        Some(Found { holder, evidence })
    }

    /// Whether the recorded writer cannot have the lock, because `entry` has it.
    fn excludes_recorded(&self, lock: &Seen, entry: &Entry) -> bool {
        let recorded = lock.record.as_ref().and_then(|record| record.holder.as_ref());
        let known = recorded.and_then(|(holder, started)| {
            Some(Identity { own: holder.process?, started: (*started)? })
        });
        let Some(known) = known else { return false };
        match entry.mode {
            Mode::Shared => true,
            Mode::Exclusive => self.identity(entry.process).is_some_and(|here| here != known),
        }
    }

    fn identity(&self, process: u32) -> Option<Identity> {
        let mut identities = self.identities.borrow_mut();
        *identities.entry(process).or_insert_with(|| Identity::of(process))
    }
}

/// How many processes these entries are of.
fn processes(entries: &[&Entry]) -> usize {
    entries.iter().map(|entry| entry.process).collect::<HashSet<_>>().len()
}

/// How many wait: each other process counts as one. Of this one a gate counts each wait, as a reader
/// and as a writer.
fn waits(entries: &[&Entry]) -> usize {
    let here = ThisProcess::get().id;
    let (own, others): (Vec<_>, Vec<_>) = entries.iter().partition(|entry| entry.process == here);
    own.len() + processes(&others)
}

#[cfg(test)]
mod tests;
