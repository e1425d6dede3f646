//! Processes that acquire locks for a long time do not grow.

use std::env;
use std::fs;
use std::thread;
use std::time::Duration;

use crate::workers::Workers;

/// How many samples are taken of each worker.
const SAMPLES: u32 = 40;

/// How much more memory a worker may use at the end than in the middle: its allocator varies by some
/// hundred kilobytes.
const TOLERANCE: u64 = 2 << 20;

/// The resources of a process.
#[derive(Clone, Copy, Debug)]
struct Resources {
    bytes: u64,
    threads: usize,
    descriptors: usize,
}

impl Resources {
    fn new(process: u32) -> Self {
        let statm = fs::read_to_string(format!("/proc/{process}/statm")).unwrap();
        let pages: u64 = statm.split(' ').nth(1).unwrap().parse().unwrap();
        let count = |what| fs::read_dir(format!("/proc/{process}/{what}")).unwrap().count();
        Self { bytes: pages * 4096, threads: count("task"), descriptors: count("fd") }
    }
}

#[test]
fn memory_threads_and_descriptors_do_not_grow() {
    let time = env::var("JAM_LOCK_SOAK").map_or(20, |time| time.parse().expect("seconds"));
    let folder = tempfile::tempdir().unwrap();
    let workers = Workers::new(1, folder.path(), 2);
    let processes = workers.processes();
    let mut samples: Vec<Vec<Resources>> = vec![Vec::new(); processes.len()];
    for _ in 0..SAMPLES {
        thread::sleep(Duration::from_secs(time) / SAMPLES);
        for (process, samples) in processes.iter().zip(&mut samples) {
            samples.push(Resources::new(*process));
        }
        truncate_logs(folder.path());
    }
    workers.finish();
    for samples in samples {
        // By the second quarter, all permanent memory has been allocated.
        let (middle, end) =
            (&samples[samples.len() / 4..samples.len() / 2], &samples[samples.len() / 2..]);
        let typical = |samples: &[Resources], of: fn(&Resources) -> u64| {
            let mut all: Vec<_> = samples.iter().map(of).collect();
            all.sort_unstable();
            all[all.len() / 2]
        };
        let grown = typical(end, |it| it.bytes).saturating_sub(typical(middle, |it| it.bytes));
        assert!(grown <= TOLERANCE, "{grown} bytes more: {samples:?}");
        for of in [|it: &Resources| it.threads as u64, |it: &Resources| it.descriptors as u64] {
            assert!(typical(end, of) <= typical(middle, of) + 2, "{samples:?}");
        }
        println!("{:?} in the middle, {:?} at the end", middle[0], samples[samples.len() - 1]);
    }
}

/// The logs are not read here, and would fill the disk.
fn truncate_logs(folder: &std::path::Path) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|extension| extension == "log") {
            fs::File::options().write(true).truncate(true).open(path).unwrap();
        }
    }
}
