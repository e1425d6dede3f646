//! Runs a storm: kills and stops the workers, and removes their files.

use std::fs;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use fastrand::Rng;
use jam_lock_tests::LONG;
use jam_lock_tests::storm::{Log, clock, locks, names};
use rustix::fs::Mode;
use rustix::process::umask;
use tempfile::TempDir;

use crate::Size;
use crate::flock::Flock;
use crate::leftovers;
use crate::workers::Workers;

/// How many processes run at a time.
const PROCESSES: usize = 4;

/// How often each fault was injected, and each check done.
#[derive(Debug, Default)]
pub(crate) struct Faults {
    kills: usize,
    stops: usize,
    removed_locks: usize,
    removed_records: usize,
    renamed_folders: usize,
    swept_files: usize,
    modes_seen: usize,
}

/// Holder records that were removed, and with them the deaths that they recorded.
pub(crate) struct LostRecords {
    /// The lock; `None` for all locks.
    pub(crate) name: Option<String>,
    pub(crate) since: i128,
    pub(crate) until: i128,
}

pub(crate) struct FaultInjector {
    seed: u64,
    folder: TempDir,
    random: Rng,
    faults: Faults,
    lost_records: Vec<LostRecords>,
}

impl FaultInjector {
    pub(crate) fn new(seed: u64) -> Self {
        // The lock files that are created here must have their mode from the start, as all others do.
        umask(Mode::empty());
        let folder = tempfile::tempdir().unwrap();
        let (random, faults, lost_records) = (Rng::with_seed(seed), Faults::default(), Vec::new());
        Self { seed, folder, random, faults, lost_records }
    }

    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Injects faults until enough has happened, then waits until the workers have exited.
    pub(crate) fn run(mut self, size: Size) -> (TempDir, Faults, Vec<LostRecords>) {
        let mut workers = Workers::new(self.seed, self.folder(), PROCESSES);
        let start = Instant::now();
        while self.faults.kills < size.kills || self.sections() < size.acquisitions {
            assert!(start.elapsed() < LONG * 5, "too little progress: {:?}", self.faults);
            for _ in 0..20 {
                self.inject_fault(&mut workers);
                thread::sleep(Duration::from_micros(self.random.u64(..10_000)));
            }
        }
        workers.wait_for_progress();
        let next = workers.started();
        workers.finish();
        self.acquire_each_once(next);
        self.faults.modes_seen += leftovers::check_modes(&self.locks());
        self.faults.swept_files += leftovers::check(self.folder());
        (self.folder, self.faults, self.lost_records)
    }

    fn inject_fault(&mut self, workers: &mut Workers) {
        let names = names();
        let name = names[self.random.usize(..names.len())].to_string();
        let worker = self.random.usize(..PROCESSES);
        match self.random.u32(..100) {
            0..52 => {
                workers.kill(worker);
                self.faults.kills += 1;
            }
            52..64 => {
                workers.stop(worker, Duration::from_micros(self.random.u64(..20_000)));
                self.faults.stops += 1;
            }
            64..74 => {
                // The holder may remove the file, as some versions of filelock do.
                let held = Flock::new(&self.lock_file(&name));
                fs::remove_file(self.lock_file(&name)).unwrap();
                drop(held);
                self.faults.removed_locks += 1;
            }
            74..82 => {
                let since = clock();
                let _ = fs::remove_file(self.lock_file(&name).with_extension("holder"));
                self.lost_records.push(LostRecords { name: Some(name), since, until: clock() });
                self.faults.removed_records += 1;
            }
            82..88 => {
                let (locks, _) = locks(self.folder()).unwrap();
                self.faults.swept_files += locks.sweep().unwrap();
            }
            88..92 => self.faults.modes_seen += leftovers::check_modes(&self.locks()),
            // Without a kill for a while, so that some workers run for long.
            92..97 => workers.wait_for_progress(),
            _ => self.rename_folder(),
        }
    }

    fn rename_folder(&mut self) {
        // In the lock order, as the workers acquire several locks.
        let held: Vec<_> =
            names().iter().map(|name| Flock::new(&self.lock_file(name.as_str()))).collect();
        let gone = format!("gone-{}", self.faults.renamed_folders);
        let since = clock();
        fs::rename(self.locks(), self.folder().join(gone)).unwrap();
        self.lost_records.push(LostRecords { name: None, since, until: clock() });
        drop(held);
        self.faults.renamed_folders += 1;
    }

    fn locks(&self) -> PathBuf {
        self.folder().join("locks")
    }

    fn lock_file(&self, name: &str) -> PathBuf {
        self.locks().join(format!("{name}.lock"))
    }

    /// About how many sections have begun.
    fn sections(&self) -> u64 {
        let logs = fs::read_dir(self.folder()).unwrap().map(|entry| entry.unwrap());
        let logs = logs.filter(|entry| entry.path().extension().is_some_and(|it| it == "log"));
        logs.map(|entry| entry.metadata().unwrap().len() / 120).sum()
    }

    /// Acquires each lock once, so that none is stuck and the last deaths are reported.
    fn acquire_each_once(&self, number: usize) {
        let mut log = Log::new(self.folder(), &format!("{number}-0.log")).unwrap();
        let (locks, _) = locks(self.folder()).unwrap();
        for name in names() {
            let counter = self.folder().join(format!("{name}.counter"));
            let guard = locks.lock(name).timeout(LONG).acquire().unwrap();
            let found = fs::read_to_string(counter).unwrap().parse().unwrap();
            // It does not add to the counter, because no section follows.
            let section = log.acquired(clock(), &guard, true, found).unwrap();
            log.releasing(section).unwrap();
            guard.release().unwrap();
            log.released().unwrap();
        }
    }
}
