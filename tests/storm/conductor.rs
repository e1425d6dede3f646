//! Who makes the storm.

use std::fs::{self, File};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use fastrand::Rng;
use jam_lock::{LockName, Locks};
use jam_lock_tests::LONG;
use jam_lock_tests::storm::names;
use rustix::fs::{FlockOperation, flock};
use tempfile::TempDir;

use crate::Size;
use crate::crew::Crew;

const WORKERS: usize = 4;

/// What was done to the workers and their files.
#[derive(Debug, Default)]
pub(crate) struct Deeds {
    kills: usize,
    stops: usize,
    removed_locks: usize,
    removed_records: usize,
    renamed_folders: usize,
}

pub(crate) struct Conductor {
    seed: u64,
    folder: TempDir,
}

impl Conductor {
    pub(crate) fn new(seed: u64) -> Self {
        let folder = tempfile::tempdir().unwrap();
        Self { seed, folder }
    }

    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Has it blow until enough has happened, then lets the workers end.
    pub(crate) fn conduct(&self, size: Size) -> Deeds {
        let mut crew = Crew::new(self.seed, self.folder(), WORKERS);
        let (mut random, mut deeds) = (Rng::with_seed(self.seed), Deeds::default());
        let start = Instant::now();
        while deeds.kills < size.kills || self.sections() < size.acquisitions {
            assert!(start.elapsed() < LONG * 5, "too little happens: {deeds:?}");
            for _ in 0..20 {
                self.do_harm(&mut crew, &mut random, &mut deeds);
                thread::sleep(Duration::from_micros(random.u64(..10_000)));
            }
        }
        crew.end();
        self.take_all_once();
        deeds
    }

    fn do_harm(&self, crew: &mut Crew, random: &mut Rng, deeds: &mut Deeds) {
        let names = names();
        let name = &names[random.usize(..names.len())];
        match random.u32(..100) {
            0..60 => {
                crew.kill(random.usize(..WORKERS));
                deeds.kills += 1;
            }
            60..75 => {
                crew.stop(random.usize(..WORKERS), Duration::from_micros(random.u64(..20_000)));
                deeds.stops += 1;
            }
            75..86 => {
                // Who holds the lock may remove its file, as some filelocks of Python do.
                let held = Held::new(&self.lock_file(name));
                fs::remove_file(self.lock_file(name)).unwrap();
                drop(held);
                deeds.removed_locks += 1;
            }
            86..97 => {
                let _ = fs::remove_file(self.lock_file(name).with_extension("holder"));
                deeds.removed_records += 1;
            }
            _ => {
                // In the lock order, in which the workers take several.
                let held: Vec<_> = names.iter().map(|it| Held::new(&self.lock_file(it))).collect();
                let gone = format!("gone-{}", deeds.renamed_folders);
                fs::rename(self.folder().join("locks"), self.folder().join(gone)).unwrap();
                drop(held);
                deeds.renamed_folders += 1;
            }
        }
    }

    fn lock_file(&self, name: &LockName) -> PathBuf {
        self.folder().join("locks").join(format!("{name}.lock"))
    }

    /// How many sections were entered, about.
    fn sections(&self) -> u64 {
        let logs = fs::read_dir(self.folder()).unwrap().map(|entry| entry.unwrap());
        let logs = logs.filter(|entry| entry.path().extension().is_some_and(|it| it == "log"));
        logs.map(|entry| entry.metadata().unwrap().len() / 90).sum()
    }

    /// Whether none of the locks is stuck.
    fn take_all_once(&self) {
        let locks = Locks::open(self.folder().join("locks")).unwrap();
        for name in names() {
            drop(locks.lock(name).timeout(LONG).acquire().unwrap());
        }
    }
}

/// A lock that is held by `flock(2)` alone.
struct Held(File);

impl Held {
    fn new(path: &Path) -> Self {
        loop {
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            let file = File::options().append(true).create(true).open(path).unwrap();
            flock(&file, FlockOperation::LockExclusive).unwrap();
            let is_there = fs::metadata(path);
            if is_there.is_ok_and(|there| there.ino() == file.metadata().unwrap().ino()) {
                return Self(file);
            }
        }
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        flock(&self.0, FlockOperation::Unlock).unwrap();
    }
}
