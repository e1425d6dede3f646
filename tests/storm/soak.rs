//! Processes that take locks for a long time, and grow by nothing.

use std::env;
use std::fs;
use std::thread;
use std::time::Duration;

use crate::crew::Crew;

/// How many times each worker is looked at.
const LOOKS: u32 = 40;

/// How much more memory a worker may have at the end than in the middle: what its allocator keeps
/// moves by some hundred kilobytes.
const SLACK: u64 = 2 << 20;

/// What a process has of the system.
#[derive(Clone, Copy, Debug)]
struct Belongings {
    bytes: u64,
    threads: usize,
    descriptors: usize,
}

impl Belongings {
    fn of(process: u32) -> Self {
        let statm = fs::read_to_string(format!("/proc/{process}/statm")).unwrap();
        let pages: u64 = statm.split(' ').nth(1).unwrap().parse().unwrap();
        let count = |what| fs::read_dir(format!("/proc/{process}/{what}")).unwrap().count();
        Self { bytes: pages * 4096, threads: count("task"), descriptors: count("fd") }
    }
}

#[test]
fn memory_threads_and_descriptors_do_not_grow() {
    let time = env::var("JAM_LOCK_SOAK").map_or(60, |time| time.parse().expect("seconds"));
    let folder = tempfile::tempdir().unwrap();
    let crew = Crew::new(1, folder.path(), 2);
    let processes = crew.processes();
    let mut looks: Vec<Vec<Belongings>> = vec![Vec::new(); processes.len()];
    for _ in 0..LOOKS {
        thread::sleep(Duration::from_secs(time) / LOOKS);
        for (process, looks) in processes.iter().zip(&mut looks) {
            looks.push(Belongings::of(*process));
        }
        empty_the_logs(folder.path());
    }
    crew.end();
    for looks in looks {
        // By the middle everything has been done once that takes memory for good.
        let (middle, end) = (&looks[looks.len() / 4..looks.len() / 2], &looks[looks.len() / 2..]);
        let typical = |looks: &[Belongings], of: fn(&Belongings) -> u64| {
            let mut all: Vec<_> = looks.iter().map(of).collect();
            all.sort_unstable();
            all[all.len() / 2]
        };
        let grown = typical(end, |it| it.bytes).saturating_sub(typical(middle, |it| it.bytes));
        assert!(grown <= SLACK, "{grown} bytes more: {looks:?}");
        for of in [|it: &Belongings| it.threads as u64, |it: &Belongings| it.descriptors as u64] {
            assert!(typical(end, of) <= typical(middle, of) + 2, "{looks:?}");
        }
        println!("{:?} in the middle, {:?} at the end", middle[0], looks[looks.len() - 1]);
    }
}

/// What the workers write down is not looked at here.
fn empty_the_logs(folder: &std::path::Path) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|extension| extension == "log") {
            fs::File::options().write(true).truncate(true).open(path).unwrap();
        }
    }
}
