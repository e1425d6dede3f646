//! One of the processes of a storm: its threads and tasks take locks at random, count under them
//! and write down what they did, until the file `stop` is there.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::Duration;

use fastrand::Rng;
use jam_lock::{Lock, LockError, LockGuard, LockName, Locks};
use jam_lock_tests::storm::{Log, clock, names};
use rustix::process::{Resource, Rlimit, setrlimit};

use super::{Outcome, Trouble};

const THREADS: u64 = 2;
const TASKS: u64 = 3;

/// Few enough that they can be used up quickly.
const DESCRIPTORS: u64 = 64;

/// Works in `folder` until it is to stop.
pub(super) fn work(folder: &Path, number: u64, seed: u64) -> Outcome {
    let limit = Rlimit { current: Some(DESCRIPTORS), maximum: Some(DESCRIPTORS) };
    setrlimit(Resource::Nofile, limit)?;
    let hand = |hand| Hand::new(folder, number, seed, hand);
    let threads = (0..THREADS).map(hand).collect::<Result<Vec<_>, _>>()?;
    let tasks = (THREADS..THREADS + TASKS).map(hand).collect::<Result<Vec<_>, _>>()?;
    thread::scope(|scope| {
        let threads = threads.into_iter().map(|mut hand| scope.spawn(move || hand.block()));
        let running: Vec<_> = threads.chain([scope.spawn(|| all(tasks))]).collect();
        running.into_iter().try_for_each(|thread| thread.join().expect("no hand panics"))
    })
}

/// Runs the tasks side by side on this thread.
fn all(hands: Vec<Hand>) -> Outcome {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build()?;
    let tasks = tokio::task::LocalSet::new();
    let running: Vec<_> = hands
        .into_iter()
        .map(|mut hand| tasks.spawn_local(async move { hand.work().await }))
        .collect();
    tasks.block_on(&runtime, async {
        for task in running {
            task.await??;
        }
        Ok(())
    })
}

/// A thread or a task.
struct Hand {
    locks: Locks,
    /// The locks, and what is counted under each.
    counters: Vec<(LockName, File)>,
    log: Log,
    stop: PathBuf,
    random: Rng,
}

/// What is asked for.
struct Wish {
    which: usize,
    is_writer: bool,
    lock: Lock,
}

impl Hand {
    fn new(folder: &Path, worker: u64, seed: u64, hand: u64) -> Result<Self, Trouble> {
        let open = |name: LockName| {
            let counter = folder.join(format!("{name}.counter"));
            Ok((name, File::options().read(true).write(true).open(counter)?))
        };
        Ok(Self {
            locks: Locks::open(folder.join("locks"))?,
            counters: names().into_iter().map(open).collect::<io::Result<_>>()?,
            log: Log::new(folder, &format!("{worker}-{hand}.log"))?,
            stop: folder.join("stop"),
            random: Rng::with_seed(seed << 24 | worker << 8 | hand),
        })
    }

    /// Takes locks and blocks meanwhile.
    fn block(&mut self) -> Outcome {
        while !self.stop.exists() {
            match self.random.u32(..100) {
                0 => use_up_descriptors(),
                1..10 => self.block_for_two()?,
                _ => {
                    let wish = self.wish();
                    let result = wish.lock.acquire();
                    self.section(&wish, result)?;
                }
            }
        }
        Ok(())
    }

    /// Takes locks and lets other tasks run meanwhile; some waits are given up.
    async fn work(&mut self) -> Outcome {
        while !self.stop.exists() {
            let wish = self.wish();
            let acquisition = wish.lock.acquire_async();
            if self.random.u32(..10) == 0 {
                let patience = Duration::from_micros(self.random.u64(..2000));
                if let Ok(result) = tokio::time::timeout(patience, acquisition).await {
                    self.section(&wish, result)?;
                }
            } else {
                let result = acquisition.await;
                self.section(&wish, result)?;
            }
            tokio::task::yield_now().await;
        }
        Ok(())
    }

    fn wish(&mut self) -> Wish {
        let which = self.random.usize(..self.counters.len());
        let is_writer = self.random.u32(..5) > 0;
        let mut lock = self.locks.lock(self.counters[which].0.clone());
        if !is_writer {
            lock = lock.shared();
        }
        lock = match self.random.u32(..10) {
            0 => lock.timeout(0),
            1..4 => lock.timeout(Duration::from_micros(self.random.u64(..20_000))),
            _ => lock,
        };
        Wish { which, is_writer, lock }
    }

    /// Takes two locks at once.
    fn block_for_two(&mut self) -> Outcome {
        let which = [0, 1].map(|_| self.random.usize(..self.counters.len()));
        let two = which.map(|which| self.counters[which].0.clone());
        let timeout = Duration::from_micros(self.random.u64(..50_000));
        let guards = match self.locks.lock_all(two).timeout(timeout).acquire() {
            Ok(guards) => guards,
            Err(error) => return self.refused(&error),
        };
        for guard in guards.iter() {
            let which = self.counters.iter().position(|(name, _)| name == guard.name());
            self.count(which.expect("it was asked for"), true, guard)?;
        }
        Ok(guards.release()?)
    }

    fn section(&mut self, wish: &Wish, result: Result<LockGuard, LockError>) -> Outcome {
        match result {
            Ok(guard) => {
                self.count(wish.which, wish.is_writer, &guard)?;
                Ok(guard.release()?)
            }
            Err(error) => self.refused(&error),
        }
    }

    /// Reads the counter, thinks, and writes what comes next.
    fn count(&mut self, which: usize, is_writer: bool, guard: &LockGuard) -> Outcome {
        let since = clock();
        let (name, counter) = &self.counters[which];
        let mut text = [0; 20];
        counter.read_exact_at(&mut text, 0)?;
        let found: u64 = std::str::from_utf8(&text)?.parse()?;
        let begun = self.log.enter(since, name, is_writer, guard.token(), found)?;
        match self.random.u32(..20) {
            0 => thread::sleep(Duration::from_micros(self.random.u64(..500))),
            1..5 => thread::yield_now(),
            _ => {}
        }
        if is_writer {
            counter.write_all_at(format!("{:020}", found + 1).as_bytes(), 0)?;
        }
        Ok(self.log.leave(begun)?)
    }

    /// Goes on where it was in vain, or where this process has used up its descriptors.
    fn refused(&mut self, error: &LockError) -> Outcome {
        let is_expected = match error {
            LockError::Timeout { .. } => true,
            LockError::Io { error, .. } => {
                error.raw_os_error() == Some(rustix::io::Errno::MFILE.raw_os_error())
            }
            _ => false,
        };
        if !is_expected {
            self.log.trouble(&error.to_string())?;
        }
        Ok(())
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
