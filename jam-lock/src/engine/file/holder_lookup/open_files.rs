//! Which open file of a process is a lock file, locked.
//!
//! A process may have a great many files open, so the ones that are called as the lock file is are
//! looked at first, and the time that is spent is bounded.

use std::collections::HashMap;
use std::ffi::{OsStr, OsString};
use std::fs::{self, Metadata};
use std::io::Read;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::os::unix::fs::MetadataExt;
use std::path::PathBuf;
use std::time::Instant;

use super::Seen;

/// What the file name of an open file that was removed ends with.
const REMOVED: &[u8] = b" (deleted)";

/// What the name of a lock file ends with.
const LOCK_FILE: &[u8] = b".lock";

/// How many processes are remembered: nobody has as many holders in the way at one time.
const REMEMBERED: usize = 64;

/// The open files of the processes that were met, by what they are called.
#[derive(Default)]
pub(super) struct OpenFiles {
    processes: HashMap<u32, Called>,
}

/// Numbers of open lock files, by the name of the file.
type Called = HashMap<OsString, Vec<OsString>>;

impl OpenFiles {
    /// The number of an open file of `process` that is `lock`, locked, if one is found until `end`.
    pub(super) fn locked(&mut self, process: u32, lock: &Seen, end: Instant) -> Option<OsString> {
        let name = lock.path.file_name()?;
        let is_it = |descriptor: &OsString| is_it(process, descriptor, &lock.file);
        // Where it was before, or else where it is now.
        let known = self.processes.get(&process).and_then(|called| called.get(name));
        if let Some(found) = known.and_then(|known| known.iter().find(|it| is_it(it))) {
            return Some(found.clone());
        }
        if self.processes.len() >= REMEMBERED {
            self.processes.clear();
        }
        let called = called(process, end);
        let found = called.get(name).and_then(|files| files.iter().find(|it| is_it(it)).cloned());
        self.processes.insert(process, called);
        // It may have been opened by another name.
        found.or_else(|| descriptors(process, end).find(is_it))
    }
}

/// Whether the open file `descriptor` of `process` has the inode, and a lock by `flock(2)`.
pub(super) fn is_locked(process: u32, descriptor: &OsStr, inode: u64) -> bool {
    let path = folder(process, "fdinfo").join(descriptor);
    let mut details = [0; 1024];
    let read = fs::File::open(path).and_then(|mut file| file.read(&mut details));
    let details = &details[..read.unwrap_or(0)];
    let lines = String::from_utf8_lossy(details);
    let inode = format!(":{inode} ");
    lines
        .lines()
        .any(|line| line.starts_with("lock:") && line.contains("FLOCK") && line.contains(&inode))
}

fn is_it(process: u32, descriptor: &OsString, file: &Metadata) -> bool {
    // Only what is locked is looked at itself: another file's system might hang.
    is_locked(process, descriptor, file.ino())
        && fs::metadata(folder(process, "fd").join(descriptor))
            .is_ok_and(|open| (open.dev(), open.ino()) == (file.dev(), file.ino()))
}

fn called(process: u32, end: Instant) -> Called {
    let mut called = Called::new();
    let folder = folder(process, "fd");
    for descriptor in descriptors(process, end) {
        let Ok(target) = fs::read_link(folder.join(&descriptor)) else { continue };
        let name = target.file_name().unwrap_or_default().as_bytes();
        let name = name.strip_suffix(REMOVED).unwrap_or(name);
        if name.ends_with(LOCK_FILE) {
            called.entry(OsString::from_vec(name.to_owned())).or_default().push(descriptor);
        }
    }
    called
}

/// The numbers of the open files of `process`, until `end`.
fn descriptors(process: u32, end: Instant) -> impl Iterator<Item = OsString> {
    let open = fs::read_dir(folder(process, "fd")).into_iter().flatten().flatten();
    open.map(|entry| entry.file_name()).take_while(move |_| Instant::now() < end)
}

fn folder(process: u32, name: &str) -> PathBuf {
    PathBuf::from(format!("/proc/{process}/{name}"))
}
