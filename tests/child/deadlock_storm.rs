//! A process of a storm of deadlocks: its threads and tasks acquire locks in random order, one inside the
//! other, and log what they wait for and what they hold, until the file `stop` exists.

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::process;
use std::sync::Mutex;
use std::thread;
use std::time::Duration;

use fastrand::Rng;
use jam_lock::{LockError, LockGuard, LockName, Locks, locked};
use jam_lock_tests::storm::clock;

use crate::Result;

/// How many locks there are.
const NAMES: usize = 12;

/// How many owners are threads, and how many are tasks of one thread.
const OWNERS: usize = 2;

/// Works in `folder` until the file `stop` exists.
pub(crate) fn work(folder: &Path, number: u64, seed: u64) -> Result {
    let owner = |owner: usize| {
        let random = Rng::with_seed(seed ^ (number << 8) ^ owner as u64);
        let log = Log::new(&folder.join(format!("{number}.{owner}.log")))?;
        Ok::<_, io::Error>(Owner { locks: Locks::open(folder.join("locks"))?, log, random })
    };
    let threads = (0..OWNERS).map(&owner).collect::<Result<Vec<_>, _>>()?;
    let tasks = (OWNERS..2 * OWNERS).map(&owner).collect::<Result<Vec<_>, _>>()?;
    let stop = folder.join("stop");
    thread::scope(|scope| {
        for owner in threads {
            scope.spawn(|| owner.run(&stop));
        }
        run_all(tasks, &stop);
    });
    Ok(())
}

/// Runs the tasks side by side on this thread.
fn run_all(owners: Vec<Owner>, stop: &Path) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build();
    let tasks = tokio::task::LocalSet::new();
    for owner in owners {
        tasks.spawn_local(owner.run_async(stop.to_owned()));
    }
    runtime.expect("the runtime is built").block_on(tasks);
}

/// A thread or a task.
struct Owner {
    locks: Locks,
    log: Log,
    random: Rng,
}

impl Owner {
    fn run(mut self, stop: &Path) {
        while !stop.exists() {
            let names = self.names();
            if self.log.note_end(self.hold(&names)) {
                thread::sleep(self.pause());
            }
        }
    }

    async fn run_async(mut self, stop: PathBuf) {
        while !stop.exists() {
            let names = self.names();
            let result = if self.random.bool() {
                self.hold_async(&names).await
            } else {
                self.hold_by_hand(&names).await
            };
            if self.log.note_end(result) {
                tokio::time::sleep(self.pause()).await;
            }
        }
    }

    /// Some names in random order.
    fn names(&mut self) -> Vec<LockName> {
        let mut numbers: Vec<_> = (0..NAMES).collect();
        self.random.shuffle(&mut numbers);
        numbers.truncate(self.random.usize(2..=4));
        let name = |number: &usize| LockName::new(format!("lock_{number}")).expect("it is valid");
        numbers.iter().map(name).collect()
    }

    fn pause(&mut self) -> Duration {
        Duration::from_micros(self.random.u64(..3_000))
    }

    /// Acquires the locks by hand, one inside the other.
    fn hold(&self, names: &[LockName]) -> Result<(), LockError> {
        let Some((first, rest)) = names.split_first() else {
            thread::sleep(Duration::from_micros(300));
            return Ok(());
        };
        self.log.wait(first);
        let guard = self.locks.lock(first.clone()).acquire()?;
        self.log.held(first);
        let result = self.hold(rest);
        self.log.released(first);
        drop(guard);
        result
    }

    /// Acquires the locks by sections, one inside the other.
    fn hold_async<'a>(
        &'a self,
        names: &'a [LockName],
    ) -> Pin<Box<dyn Future<Output = Result<(), LockError>> + 'a>> {
        Box::pin(async move {
            let Some((first, rest)) = names.split_first() else {
                tokio::time::sleep(Duration::from_micros(300)).await;
                return Ok(());
            };
            self.log.wait(first);
            self.section(first, rest).await
        })
    }

    /// Acquires the locks by hand, each with a wait that borrows the guards of those before.
    async fn hold_by_hand(&self, names: &[LockName]) -> Result<(), LockError> {
        let mut held: Vec<LockGuard> = Vec::new();
        let mut result = Ok(());
        for name in names {
            self.log.wait(name);
            match self.locks.lock(name.clone()).acquire_async_holding(&held).await {
                Ok(guard) => held.push(guard),
                Err(error) => {
                    result = Err(error);
                    break;
                }
            }
            self.log.held(name);
        }
        if result.is_ok() {
            tokio::time::sleep(Duration::from_micros(300)).await;
        }
        while let Some(guard) = held.pop() {
            self.log.released(guard.name());
            drop(guard);
        }
        result
    }

    #[locked(first.clone(), locks = &self.locks)]
    async fn section(&self, first: &LockName, rest: &[LockName]) -> Result<(), LockError> {
        self.log.held(first);
        let result = self.hold_async(rest).await;
        self.log.released(first);
        result
    }
}

/// What an owner does, with the time: a line is written before a wait and a release, and after an
/// acquisition and the end of a wait.
struct Log(Mutex<File>);

impl Log {
    fn new(path: &Path) -> io::Result<Self> {
        let log = Self(Mutex::new(OpenOptions::new().append(true).create_new(true).open(path)?));
        log.write("process", &process::id().to_string());
        Ok(log)
    }

    fn wait(&self, name: &LockName) {
        self.write("wait", name.as_str());
    }

    fn held(&self, name: &LockName) {
        self.write("held", name.as_str());
    }

    fn released(&self, name: &LockName) {
        self.write("released", name.as_str());
    }

    /// Logs how the last wait has ended, if it failed; returns whether it did.
    fn note_end(&self, result: Result<(), LockError>) -> bool {
        let Err(error) = result else { return false };
        assert!(matches!(error, LockError::Deadlock { .. }), "{error}");
        let owners = error.cycle().iter().map(|owner| {
            let process = owner.holder().process().unwrap_or_default();
            format!("{process}:{}:{}", owner.holds(), owner.waits_for().name())
        });
        self.write("deadlock", &owners.collect::<Vec<_>>().join(","));
        true
    }

    fn write(&self, what: &str, text: &str) {
        let line = format!("{} {what} {text}\n", clock());
        self.0.lock().expect("it is not poisoned").write_all(line.as_bytes()).expect("it is open");
    }
}
