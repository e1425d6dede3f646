//! How a test observes other processes and threads.

use std::fs;
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use crate::LONG;

/// The shortest and the longest pause between two looks.
const PAUSES: [Duration; 2] = [Duration::from_millis(1), Duration::from_millis(50)];

/// Waits until `happened` returns `true`, which another process or thread brings about.
pub fn wait_until(what: &str, mut happened: impl FnMut() -> bool) {
    let start = Instant::now();
    let [shortest, longest] = PAUSES;
    while !happened() {
        let waited = start.elapsed();
        assert!(waited < LONG, "timed out waiting until {what}");
        // The other tests need the processor, too.
        thread::sleep((waited / 20).clamp(shortest, longest));
    }
}

/// How many files below `folder` this process has open.
pub fn open_files_below(folder: &Path) -> usize {
    let folder = folder.canonicalize().unwrap();
    let Ok(descriptors) = fs::read_dir("/proc/self/fd") else { return 0 };
    let targets = descriptors.filter_map(|entry| fs::read_link(entry.ok()?.path()).ok());
    targets.filter(|target| target.starts_with(&folder)).count()
}

/// How many processes are blocked in `flock(2)` on the file at `path`, as the kernel lists them.
#[cfg(target_os = "linux")]
pub fn blocked_on(path: &Path) -> usize {
    use std::os::unix::fs::MetadataExt;
    let inode = format!(":{} ", fs::metadata(path).unwrap().ino());
    let locks = fs::read_to_string("/proc/locks").unwrap();
    locks.lines().filter(|line| line.contains("-> FLOCK") && line.contains(&inode)).count()
}

/// The ids of the running children of a process.
#[cfg(target_os = "linux")]
pub fn children(process: u32) -> Vec<u32> {
    let children = fs::read_to_string(format!("/proc/{process}/task/{process}/children"));
    children.unwrap_or_default().split_whitespace().map(|id| id.parse().unwrap()).collect()
}
