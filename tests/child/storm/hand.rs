//! A thread or a task that acquires locks at random.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::Duration;

use fastrand::Rng;
use jam_lock::{Lock, LockError, LockGuard, LockGuards, LockName, LockSet, Locks};
use jam_lock_tests::storm::{Begun, Log, clock, is_keyed, locks, names};

use super::fate::{Executor, Fate};
use crate::Result;

/// A thread or a task.
pub(super) struct Hand {
    keyed: Locks,
    plain: Locks,
    /// The names, and what is counted under each.
    counters: Vec<(LockName, File)>,
    log: Log,
    stop: PathBuf,
    random: Rng,
}

/// What a hand wants to do next.
enum Wish {
    One { lock: Lock, is_writer: bool },
    Two(LockSet),
    Descriptors,
}

/// What was acquired, to be released together.
enum Held {
    One { guard: LockGuard, is_writer: bool },
    Two(LockGuards),
}

/// A section that has begun.
struct Section {
    counter: usize,
    is_writer: bool,
    found: u64,
    begun: Begun,
}

impl Hand {
    pub(super) fn new(folder: &Path, worker: u64, seed: u64, hand: u64) -> Result<Self> {
        let open = |name: LockName| {
            let counter = folder.join(format!("{name}.counter"));
            Ok((name, File::options().read(true).write(true).open(counter)?))
        };
        let (keyed, plain) = locks(folder)?;
        Ok(Self {
            keyed,
            plain,
            counters: names().into_iter().map(open).collect::<io::Result<_>>()?,
            log: Log::new(folder, &format!("{worker}-{hand}.log"))?,
            stop: folder.join("stop"),
            random: Rng::with_seed(seed << 24 | worker << 8 | hand),
        })
    }

    /// Acquires locks and blocks the thread meanwhile.
    pub(super) fn block(&mut self) -> Result {
        while !self.stop.exists() {
            let acquired = match self.wish() {
                Wish::One { lock, is_writer } => {
                    lock.acquire().map(|guard| Held::One { guard, is_writer })
                }
                Wish::Two(set) => set.acquire().map(Held::Two),
                Wish::Descriptors => {
                    use_up_descriptors();
                    continue;
                }
            };
            if let Some(held) = self.acquired(acquired)? {
                let sections = self.begin(&held)?;
                self.think();
                self.end(sections, held)?;
            }
        }
        Ok(())
    }

    /// Acquires locks and lets other tasks run meanwhile; some acquisitions are dropped.
    pub(super) async fn work(&mut self, executor: Executor) -> Result {
        while !self.stop.exists() {
            let fate = Fate::choose(&mut self.random, executor);
            let (acquired, counted) = match self.wish() {
                Wish::One { lock, is_writer } => {
                    let (acquired, counted) = fate.befall(lock.acquire_async()).await;
                    let one = |guard| Held::One { guard, is_writer };
                    (acquired.map(|acquired| acquired.map(one)), counted)
                }
                Wish::Two(set) => {
                    let (acquired, counted) = fate.befall(set.acquire_async()).await;
                    (acquired.map(|acquired| acquired.map(Held::Two)), counted)
                }
                Wish::Descriptors => continue,
            };
            if let Some(what) = counted {
                self.log.count(what)?;
            }
            let Some(acquired) = acquired else { continue };
            if let Some(held) = self.acquired(acquired)? {
                let sections = self.begin(&held)?;
                self.think();
                if self.random.u32(..4) == 0 {
                    tokio::task::yield_now().await;
                }
                self.end(sections, held)?;
            }
            tokio::task::yield_now().await;
        }
        Ok(())
    }

    fn wish(&mut self) -> Wish {
        match self.random.u32(..100) {
            0 => return Wish::Descriptors,
            1..10 => return Wish::Two(self.two()),
            _ => {}
        }
        let name = &self.counters[self.random.usize(..self.counters.len())].0;
        let is_writer = self.random.u32(..3) > 0;
        let mut lock = self.locks(name).lock(name.clone());
        if !is_writer {
            lock = lock.shared();
        }
        lock = match self.random.u32(..10) {
            0 => lock.timeout(0),
            1..4 => lock.timeout(Duration::from_micros(self.random.u64(..20_000))),
            _ => lock,
        };
        Wish::One { lock, is_writer }
    }

    /// Two locks at once, whose files are made in the same way.
    fn two(&mut self) -> LockSet {
        let wants_keyed = self.random.bool();
        let alike: Vec<_> =
            names().into_iter().filter(|it| is_keyed(it.as_str()) == wants_keyed).collect();
        let two = [0, 1].map(|_| alike[self.random.usize(..alike.len())].clone());
        let locks = self.locks(&two[0]);
        locks.lock_all(two).timeout(Duration::from_micros(self.random.u64(..50_000)))
    }

    fn locks(&self, name: &LockName) -> &Locks {
        if is_keyed(name.as_str()) { &self.keyed } else { &self.plain }
    }

    /// What was acquired. Nothing is where the wait was in vain, or this process has used up its
    /// descriptors.
    fn acquired(&mut self, acquired: Result<Held, LockError>) -> io::Result<Option<Held>> {
        let error = match acquired {
            Ok(held) => return Ok(Some(held)),
            Err(error) => error,
        };
        let is_expected = match &error {
            LockError::Timeout { .. } => true,
            LockError::Io { error, .. } => {
                error.raw_os_error() == Some(rustix::io::Errno::MFILE.raw_os_error())
            }
            _ => false,
        };
        if !is_expected {
            self.log.error(&error)?;
        }
        Ok(None)
    }

    fn begin(&mut self, held: &Held) -> Result<Vec<Section>> {
        match held {
            Held::One { guard, is_writer } => Ok(vec![self.enter(guard, *is_writer)?]),
            Held::Two(guards) => guards.iter().map(|guard| self.enter(guard, true)).collect(),
        }
    }

    /// Reads the counter, and logs that a section has begun.
    fn enter(&mut self, guard: &LockGuard, is_writer: bool) -> Result<Section> {
        let since = clock();
        let counter = self.counters.iter().position(|(name, _)| name == guard.name());
        let counter = counter.expect("it was asked for");
        let mut text = [0; 20];
        self.counters[counter].1.read_exact_at(&mut text, 0)?;
        let found: u64 = std::str::from_utf8(&text)?.parse()?;
        let begun = self.log.enter(since, guard, is_writer, found)?;
        Ok(Section { counter, is_writer, found, begun })
    }

    fn think(&mut self) {
        match self.random.u32(..20) {
            0 => thread::sleep(Duration::from_micros(self.random.u64(..500))),
            1..5 => thread::yield_now(),
            _ => {}
        }
    }

    /// Writes what comes next to the counters of writers, and releases.
    fn end(&mut self, sections: Vec<Section>, held: Held) -> Result {
        for Section { counter, is_writer, found, begun } in sections {
            if is_writer {
                let next = format!("{:020}", found + 1);
                self.counters[counter].1.write_all_at(next.as_bytes(), 0)?;
            }
            self.log.leave(begun)?;
        }
        match held {
            Held::One { guard, .. } => guard.release()?,
            Held::Two(guards) => guards.release()?,
        }
        Ok(self.log.released()?)
    }
}

/// Leaves no descriptor to anybody of this process for a moment.
fn use_up_descriptors() {
    let mut files = Vec::new();
    while let Ok(file) = File::open("/dev/null") {
        files.push(file);
    }
    thread::sleep(Duration::from_millis(1));
}
