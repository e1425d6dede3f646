//! A thread or a task that acquires locks at random.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::Duration;

use fastrand::Rng;
use jam_lock::{Lock, LockError, LockGuard, LockGuards, LockName, LockSet, Locks};
use jam_lock_tests::storm::{Log, SectionNumber, clock, is_keyed, locks, names};

use super::poll_plan::{Executor, PollPlan};
use crate::Result;

/// A thread or a task.
pub(super) struct Actor {
    keyed: Locks,
    plain: Locks,
    /// The names, each with a counter that its lock protects.
    counters: Vec<(LockName, File)>,
    log: Log,
    stop: PathBuf,
    random: Rng,
}

/// What to acquire next.
enum Request {
    One {
        lock: Lock,
        is_writer: bool,
    },
    Two(LockSet),
    /// Nothing: uses up all file descriptors instead.
    ExhaustDescriptors,
}

/// The guards of one acquisition.
enum Held {
    One { guard: LockGuard, is_writer: bool },
    Two(LockGuards),
}

/// A section that has begun.
struct Section {
    counter: usize,
    is_writer: bool,
    found: u64,
    number: SectionNumber,
}

impl Actor {
    pub(super) fn new(folder: &Path, worker: u64, seed: u64, number: u64) -> Result<Self> {
        let open = |name: LockName| {
            let counter = folder.join(format!("{name}.counter"));
            Ok((name, File::options().read(true).write(true).open(counter)?))
        };
        let (keyed, plain) = locks(folder)?;
        Ok(Self {
            keyed,
            plain,
            counters: names().into_iter().map(open).collect::<io::Result<_>>()?,
            log: Log::new(folder, &format!("{worker}-{number}.log"))?,
            stop: folder.join("stop"),
            random: Rng::with_seed(seed << 24 | worker << 8 | number),
        })
    }

    /// Acquires locks as a thread.
    pub(super) fn run(&mut self) -> Result {
        while !self.stop.exists() {
            let acquired = match self.next_request() {
                Request::One { lock, is_writer } => {
                    lock.acquire().map(|guard| Held::One { guard, is_writer })
                }
                Request::Two(set) => set.acquire().map(Held::Two),
                Request::ExhaustDescriptors => {
                    exhaust_descriptors();
                    continue;
                }
            };
            if let Some(held) = self.acquired(acquired)? {
                let sections = self.begin(&held)?;
                self.pause();
                self.end(sections, held)?;
            }
        }
        Ok(())
    }

    /// Acquires locks as a task, which drops some of the acquisitions.
    pub(super) async fn run_async(&mut self, executor: Executor) -> Result {
        while !self.stop.exists() {
            let plan = PollPlan::choose(&mut self.random, executor);
            let (acquired, counted) = match self.next_request() {
                Request::One { lock, is_writer } => {
                    let (acquired, counted) = plan.poll(lock.acquire_async()).await;
                    let one = |guard| Held::One { guard, is_writer };
                    (acquired.map(|acquired| acquired.map(one)), counted)
                }
                Request::Two(set) => {
                    let (acquired, counted) = plan.poll(set.acquire_async()).await;
                    (acquired.map(|acquired| acquired.map(Held::Two)), counted)
                }
                Request::ExhaustDescriptors => continue,
            };
            if let Some(what) = counted {
                self.log.count(what)?;
            }
            let Some(acquired) = acquired else { continue };
            if let Some(held) = self.acquired(acquired)? {
                let sections = self.begin(&held)?;
                self.pause();
                if self.random.u32(..4) == 0 {
                    tokio::task::yield_now().await;
                }
                self.end(sections, held)?;
            }
            tokio::task::yield_now().await;
        }
        Ok(())
    }

    fn next_request(&mut self) -> Request {
        match self.random.u32(..100) {
            0 => return Request::ExhaustDescriptors,
            1..10 => return Request::Two(self.two()),
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
        Request::One { lock, is_writer }
    }

    /// Two locks at once, whose files have the same mode.
    fn two(&mut self) -> LockSet {
        let are_keyed = self.random.bool();
        let alike: Vec<_> =
            names().into_iter().filter(|it| is_keyed(it.as_str()) == are_keyed).collect();
        let two = [0, 1].map(|_| alike[self.random.usize(..alike.len())].clone());
        let locks = self.locks(&two[0]);
        locks.lock_all(two).timeout(Duration::from_micros(self.random.u64(..50_000)))
    }

    fn locks(&self, name: &LockName) -> &Locks {
        if is_keyed(name.as_str()) { &self.keyed } else { &self.plain }
    }

    /// What was acquired; `None` if the wait timed out, or if this process has no descriptors left.
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
            Held::One { guard, is_writer } => Ok(vec![self.begin_section(guard, *is_writer)?]),
            Held::Two(guards) => {
                guards.iter().map(|guard| self.begin_section(guard, true)).collect()
            }
        }
    }

    /// Reads the counter, and logs that a section has begun.
    fn begin_section(&mut self, guard: &LockGuard, is_writer: bool) -> Result<Section> {
        let since = clock();
        let counter = self.counters.iter().position(|(name, _)| name == guard.name());
        let counter = counter.expect("it was requested");
        let mut text = [0; 20];
        self.counters[counter].1.read_exact_at(&mut text, 0)?;
        let found: u64 = std::str::from_utf8(&text)?.parse()?;
        let number = self.log.acquired(since, guard, is_writer, found)?;
        Ok(Section { counter, is_writer, found, number })
    }

    fn pause(&mut self) {
        match self.random.u32(..20) {
            0 => thread::sleep(Duration::from_micros(self.random.u64(..500))),
            1..5 => thread::yield_now(),
            _ => {}
        }
    }

    /// Increments the counters of writers, and releases.
    fn end(&mut self, sections: Vec<Section>, held: Held) -> Result {
        for Section { counter, is_writer, found, number } in sections {
            if is_writer {
                let next = format!("{:020}", found + 1);
                self.counters[counter].1.write_all_at(next.as_bytes(), 0)?;
            }
            self.log.releasing(number)?;
        }
        match held {
            Held::One { guard, .. } => guard.release()?,
            Held::Two(guards) => guards.release()?,
        }
        Ok(self.log.released()?)
    }
}

/// Leaves no descriptor to this process for a moment.
fn exhaust_descriptors() {
    let mut files = Vec::new();
    while let Ok(file) = File::open("/dev/null") {
        files.push(file);
    }
    thread::sleep(Duration::from_millis(1));
}
