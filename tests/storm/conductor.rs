//! Makes the storm: kills and stops the workers, and takes their files away.

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
use crate::crew::Crew;
use crate::flock::Flock;
use crate::litter;

const WORKERS: usize = 4;

/// What was done to the workers and their files.
#[derive(Debug, Default)]
pub(crate) struct Deeds {
    kills: usize,
    stops: usize,
    removed_locks: usize,
    removed_records: usize,
    renamed_folders: usize,
    swept_files: usize,
    modes_seen: usize,
}

/// Records that were taken away, and with them the deaths that they told of.
pub(crate) struct Loss {
    /// Of which lock; of all of them without one.
    pub(crate) name: Option<String>,
    pub(crate) since: i128,
    pub(crate) until: i128,
}

pub(crate) struct Conductor {
    seed: u64,
    folder: TempDir,
    random: Rng,
    deeds: Deeds,
    losses: Vec<Loss>,
}

impl Conductor {
    pub(crate) fn new(seed: u64) -> Self {
        // The lock files that are made here have to appear with their mode, as all others do.
        umask(Mode::empty());
        let folder = tempfile::tempdir().unwrap();
        let (random, deeds, losses) = (Rng::with_seed(seed), Deeds::default(), Vec::new());
        Self { seed, folder, random, deeds, losses }
    }

    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Has the storm blow until enough has happened, then lets the workers end.
    pub(crate) fn conduct(mut self, size: Size) -> (TempDir, Deeds, Vec<Loss>) {
        let mut crew = Crew::new(self.seed, self.folder(), WORKERS);
        let start = Instant::now();
        while self.deeds.kills < size.kills || self.sections() < size.acquisitions {
            assert!(start.elapsed() < LONG * 5, "too little happens: {:?}", self.deeds);
            for _ in 0..20 {
                self.do_harm(&mut crew);
                thread::sleep(Duration::from_micros(self.random.u64(..10_000)));
            }
        }
        crew.see_that_all_get_on();
        let next = crew.started();
        crew.end();
        self.take_each_once(next);
        self.deeds.modes_seen += litter::check_modes(&self.locks());
        self.deeds.swept_files += litter::check_what_is_left(self.folder());
        (self.folder, self.deeds, self.losses)
    }

    fn do_harm(&mut self, crew: &mut Crew) {
        let names = names();
        let name = names[self.random.usize(..names.len())].to_string();
        let worker = self.random.usize(..WORKERS);
        match self.random.u32(..100) {
            0..52 => {
                crew.kill(worker);
                self.deeds.kills += 1;
            }
            52..64 => {
                crew.stop(worker, Duration::from_micros(self.random.u64(..20_000)));
                self.deeds.stops += 1;
            }
            64..74 => {
                // Who holds the lock may remove its file, as some filelocks of Python do.
                let held = Flock::new(&self.lock_file(&name));
                fs::remove_file(self.lock_file(&name)).unwrap();
                drop(held);
                self.deeds.removed_locks += 1;
            }
            74..82 => {
                let since = clock();
                let _ = fs::remove_file(self.lock_file(&name).with_extension("holder"));
                self.losses.push(Loss { name: Some(name), since, until: clock() });
                self.deeds.removed_records += 1;
            }
            82..88 => {
                let (locks, _) = locks(self.folder()).unwrap();
                self.deeds.swept_files += locks.sweep().unwrap();
            }
            88..92 => self.deeds.modes_seen += litter::check_modes(&self.locks()),
            // Nobody is killed for a while, so that workers grow old.
            92..97 => crew.see_that_all_get_on(),
            _ => self.rename_folder(),
        }
    }

    fn rename_folder(&mut self) {
        // In the lock order, in which the workers take several.
        let held: Vec<_> =
            names().iter().map(|name| Flock::new(&self.lock_file(name.as_str()))).collect();
        let gone = format!("gone-{}", self.deeds.renamed_folders);
        let since = clock();
        fs::rename(self.locks(), self.folder().join(gone)).unwrap();
        self.losses.push(Loss { name: None, since, until: clock() });
        drop(held);
        self.deeds.renamed_folders += 1;
    }

    fn locks(&self) -> PathBuf {
        self.folder().join("locks")
    }

    fn lock_file(&self, name: &str) -> PathBuf {
        self.locks().join(format!("{name}.lock"))
    }

    /// How many sections were entered, about.
    fn sections(&self) -> u64 {
        let logs = fs::read_dir(self.folder()).unwrap().map(|entry| entry.unwrap());
        let logs = logs.filter(|entry| entry.path().extension().is_some_and(|it| it == "log"));
        logs.map(|entry| entry.metadata().unwrap().len() / 120).sum()
    }

    /// Acquires each lock, so none of them is stuck, and logs what the last holders left behind.
    fn take_each_once(&self, number: usize) {
        let mut log = Log::new(self.folder(), &format!("{number}-0.log")).unwrap();
        let (locks, _) = locks(self.folder()).unwrap();
        for name in names() {
            let counter = self.folder().join(format!("{name}.counter"));
            let guard = locks.lock(name).timeout(LONG).acquire().unwrap();
            let found = fs::read_to_string(counter).unwrap().parse().unwrap();
            // It does not count, because nobody comes after it.
            let begun = log.enter(clock(), &guard, true, found).unwrap();
            log.leave(begun).unwrap();
            guard.release().unwrap();
            log.released().unwrap();
        }
    }
}
