//! The processes of a storm.

use std::collections::HashMap;
use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Child;
use std::thread;
use std::time::{Duration, Instant};

use jam_lock_tests::LONG;
use jam_lock_tests::observe::wait_until;
use jam_lock_tests::order::Order;
use jam_lock_tests::storm::{ACTORS, clock, names};
use rustix::process::{Pid, Signal, kill_process};

/// The processes, which are killed on drop.
pub(crate) struct Workers {
    seed: u64,
    folder: PathBuf,
    /// The number and the process in each slot.
    slots: HashMap<usize, (usize, Child)>,
    started: usize,
    kills: File,
}

impl Workers {
    /// Starts so many processes in `folder`.
    pub(crate) fn new(seed: u64, folder: &Path, count: usize) -> Self {
        for name in names() {
            fs::write(folder.join(format!("{name}.counter")), format!("{:020}", 0)).unwrap();
        }
        let kills = File::create(folder.join("kills")).unwrap();
        let folder = folder.to_owned();
        let mut workers = Self { seed, folder, slots: HashMap::new(), started: 0, kills };
        (0..count).for_each(|slot| workers.start(slot));
        workers
    }

    fn start(&mut self, slot: usize) {
        let number = self.started;
        self.started += 1;
        let order = Order::Storm { folder: &self.folder, number: number as u64, seed: self.seed };
        self.slots.insert(slot, (number, order.command().spawn().unwrap()));
    }

    /// Kills a worker, logs the time, and starts another one.
    pub(crate) fn kill(&mut self, slot: usize) {
        let (number, mut worker) = self.slots.remove(&slot).unwrap();
        writeln!(self.kills, "{number} {} {}", worker.id(), clock()).unwrap();
        worker.kill().unwrap();
        let status = worker.wait().unwrap();
        assert!(status.code().is_none(), "worker {number} had exited: {status}");
        self.start(slot);
    }

    pub(crate) fn stop(&self, slot: usize, time: Duration) {
        let process = Pid::from_child(&self.slots[&slot].1);
        kill_process(process, Signal::STOP).unwrap();
        thread::sleep(time);
        kill_process(process, Signal::CONT).unwrap();
    }

    /// Waits until each thread and task of each worker has made progress, so that none of them is stuck,
    /// which a kill would hide.
    pub(crate) fn wait_for_progress(&self) {
        let logs = self.slots.values().flat_map(|(number, _)| {
            (0..ACTORS).map(move |actor| self.folder.join(format!("{number}-{actor}.log")))
        });
        // A log is created when its worker has started.
        let size = |log: &Path| fs::metadata(log).map_or(0, |found| found.len());
        let before: Vec<_> = logs.map(|log| (size(&log), log)).collect();
        for (before, log) in before {
            wait_until(&format!("{} grows", log.display()), || size(&log) > before);
        }
    }

    /// How many workers have been started so far.
    pub(crate) fn started(&self) -> usize {
        self.started
    }

    /// The process ids of the workers.
    pub(crate) fn processes(&self) -> Vec<u32> {
        self.slots.values().map(|(_, worker)| worker.id()).collect()
    }

    /// Has the workers stop, and waits until they have exited.
    pub(crate) fn finish(mut self) {
        File::create(self.folder.join("stop")).unwrap();
        for (_, (number, mut worker)) in self.slots.drain() {
            let start = Instant::now();
            let status = loop {
                if let Some(status) = worker.try_wait().unwrap() {
                    break status;
                }
                if start.elapsed() > LONG {
                    worker.kill().unwrap();
                    panic!("worker {number} is stuck");
                }
                thread::sleep(Duration::from_millis(1));
            };
            assert!(status.success(), "worker {number} exited with {status}");
        }
    }
}

impl Drop for Workers {
    fn drop(&mut self) {
        for (_, worker) in self.slots.values_mut() {
            let _ = worker.kill();
            let _ = worker.wait();
        }
    }
}
