//! Finds the open file of a process that is a locked lock file.
//!
//! A process may have very many files open, so those with the name of the lock file are checked
//! first, and the search has a time limit.

use std::collections::HashMap;
use std::ffi::{OsStr, OsString};
use std::fs::{self, Metadata};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::Instant;

use crate::engine::file::holder_lookup::lock_snapshot::LockSnapshot;
use crate::engine::file::mount;

/// The end of the name of an open file that was removed.
const REMOVED: &[u8] = b" (deleted)";

/// The end of a lock file's name.
const LOCK_FILE: &[u8] = b".lock";

/// How many processes are cached: hardly ever are there more holders to look up at one time.
const MAX_CACHED: usize = 64;

/// The open lock files of the processes that were searched, by name.
#[derive(Default)]
pub(super) struct OpenFiles {
    processes: HashMap<u32, ByName>,
}

/// Descriptors of open lock files, by the name of the file.
type ByName = HashMap<OsString, Vec<OsString>>;

impl OpenFiles {
    /// The descriptor with which `process` has locked `lock`, if one is found before `end`.
    pub(super) fn find_locked(
        &mut self,
        process: u32,
        lock: &LockSnapshot,
        end: Instant,
    ) -> Option<OsString> {
        let name = lock.path.file_name()?;
        let is_it = |descriptor: &OsString| is_it(process, descriptor, &lock.metadata);
        let cached = self.processes.get(&process).and_then(|files| files.get(name));
        if let Some(found) = cached.and_then(|cached| cached.iter().find(|it| is_it(it))) {
            return Some(found.clone());
        }
        if self.processes.len() >= MAX_CACHED {
            self.processes.clear();
        }
        let files = lock_files(process, end);
        let found = files.get(name).and_then(|files| files.iter().find(|it| is_it(it)).cloned());
        self.processes.insert(process, files);
        // It may have been opened under another name.
        found.or_else(|| descriptors(process, end).find(is_it))
    }
}

/// Whether the open file `descriptor` of `process` has this inode number and is locked by
/// `flock(2)`.
pub(super) fn is_locked(process: u32, descriptor: &OsStr, inode: u64) -> bool {
    let details = mount::details(&folder(process, "fdinfo").join(descriptor));
    let inode = format!(":{inode} ");
    details.is_some_and(|details| locks(&details).any(|line| line.contains(&inode)))
}

/// Whether an open file is locked by `flock(2)`, by what `fdinfo` shows of it.
pub(super) fn shows_lock(details: &str) -> bool {
    locks(details).next().is_some()
}

fn locks(details: &str) -> impl Iterator<Item = &str> {
    details.lines().filter(|line| line.starts_with("lock:") && line.contains("FLOCK"))
}

/// Whether `descriptor`, a link of `/proc`, leads to a file with this name, which may be removed.
pub(super) fn has_name(descriptor: &Path, name: &OsStr) -> bool {
    let target = fs::read_link(descriptor).unwrap_or_default();
    let found = target.file_name().unwrap_or_default().as_bytes();
    found.strip_suffix(REMOVED).unwrap_or(found) == name.as_bytes()
}

fn is_it(process: u32, descriptor: &OsString, file: &Metadata) -> bool {
    // `stat(2)` is called on locked files only: the file system of another file may hang.
    is_locked(process, descriptor, file.ino())
        && fs::metadata(folder(process, "fd").join(descriptor))
            .is_ok_and(|open| (open.dev(), open.ino()) == (file.dev(), file.ino()))
}

fn lock_files(process: u32, end: Instant) -> ByName {
    let mut files = ByName::new();
    let folder = folder(process, "fd");
    for descriptor in descriptors(process, end) {
        let Ok(target) = fs::read_link(folder.join(&descriptor)) else { continue };
        let name = target.file_name().unwrap_or_default().as_bytes();
        let name = name.strip_suffix(REMOVED).unwrap_or(name);
        if name.ends_with(LOCK_FILE) {
            files.entry(OsString::from_vec(name.to_owned())).or_default().push(descriptor);
        }
    }
    files
}

/// The descriptors of the open files of `process`, until `end`.
fn descriptors(process: u32, end: Instant) -> impl Iterator<Item = OsString> {
    let open = fs::read_dir(folder(process, "fd")).into_iter().flatten().flatten();
    open.map(|entry| entry.file_name()).take_while(move |_| Instant::now() < end)
}

fn folder(process: u32, name: &str) -> PathBuf {
    PathBuf::from(format!("/proc/{process}/{name}"))
}
