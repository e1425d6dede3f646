//! The workers of a storm, from outside.

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
use jam_lock_tests::storm::{HANDS, clock, names};
use rustix::process::{Pid, Signal, kill_process};

/// The workers, who are ended with it.
pub(crate) struct Crew {
    seed: u64,
    folder: PathBuf,
    workers: HashMap<usize, (usize, Child)>,
    started: usize,
    kills: File,
}

impl Crew {
    /// Starts so many workers in `folder`.
    pub(crate) fn new(seed: u64, folder: &Path, workers: usize) -> Self {
        for name in names() {
            fs::write(folder.join(format!("{name}.counter")), format!("{:020}", 0)).unwrap();
        }
        let kills = File::create(folder.join("kills")).unwrap();
        let folder = folder.to_owned();
        let mut crew = Self { seed, folder, workers: HashMap::new(), started: 0, kills };
        (0..workers).for_each(|place| crew.start(place));
        crew
    }

    fn start(&mut self, place: usize) {
        let number = self.started;
        self.started += 1;
        let order = Order::Storm { folder: &self.folder, number: number as u64, seed: self.seed };
        self.workers.insert(place, (number, order.command().spawn().unwrap()));
    }

    /// Kills a worker, writes down when, and starts another.
    pub(crate) fn kill(&mut self, place: usize) {
        let (number, mut worker) = self.workers.remove(&place).unwrap();
        writeln!(self.kills, "{number} {} {}", worker.id(), clock()).unwrap();
        worker.kill().unwrap();
        let status = worker.wait().unwrap();
        assert!(status.code().is_none(), "worker {number} had ended: {status}");
        self.start(place);
    }

    pub(crate) fn stop(&self, place: usize, time: Duration) {
        let process = Pid::from_child(&self.workers[&place].1);
        kill_process(process, Signal::STOP).unwrap();
        thread::sleep(time);
        kill_process(process, Signal::CONT).unwrap();
    }

    /// Waits until each thread and task of each worker has got on, so that none of them is stuck: a
    /// kill would hide that.
    pub(crate) fn see_that_all_get_on(&self) {
        let hands = self.workers.values().flat_map(|(number, _)| {
            (0..HANDS).map(move |hand| self.folder.join(format!("{number}-{hand}.log")))
        });
        // It is made when its worker has started.
        let size = |log: &Path| fs::metadata(log).map_or(0, |found| found.len());
        let before: Vec<_> = hands.map(|log| (size(&log), log)).collect();
        for (before, log) in before {
            wait_until(&format!("more in {}", log.display()), || size(&log) > before);
        }
    }

    /// How many workers were started so far.
    pub(crate) fn started(&self) -> usize {
        self.started
    }

    /// The process ids of the workers.
    pub(crate) fn processes(&self) -> Vec<u32> {
        self.workers.values().map(|(_, worker)| worker.id()).collect()
    }

    /// Tells the workers that it is time to end, and waits until they have.
    pub(crate) fn end(mut self) {
        File::create(self.folder.join("stop")).unwrap();
        for (_, (number, mut worker)) in self.workers.drain() {
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
            assert!(status.success(), "worker {number} ended with {status}");
        }
    }
}

impl Drop for Crew {
    fn drop(&mut self) {
        for (_, worker) in self.workers.values_mut() {
            let _ = worker.kill();
            let _ = worker.wait();
        }
    }
}
