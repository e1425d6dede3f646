//! The descriptors of a process, by proc(5).
//!
//! The kernel shows which lock a descriptor has. No file is looked at, because the file system of another
//! process's file may hang.

use std::collections::HashMap;
use std::ffi::{OsStr, OsString};
use std::fs::{self, File};
use std::io::ErrorKind;
use std::os::fd::AsRawFd;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::{Path, PathBuf};
use std::time::Instant;

use super::proc_locks::Entry;
use crate::engine::file::mount;

/// The end of the name of an open file that was removed.
const REMOVED: &[u8] = b" (deleted)";

/// The end of a lock file's name.
const LOCK_FILE: &[u8] = b".lock";

/// Descriptors of open lock files, by the name of the file.
pub(super) type ByName = HashMap<OsString, Vec<OsString>>;

/// Whether the open file `descriptor` of `process` has the lock that `entry` lists.
pub(super) fn is_locked(process: u32, descriptor: &OsStr, entry: &Entry) -> bool {
    let details = mount::details(&folder(process, "fdinfo").join(descriptor));
    details.is_some_and(|details| {
        locks(&details).any(|line| Entry::parse_of_file(line).as_ref() == Some(entry))
    })
}

/// Whether the open files of `process` cannot be seen, because it belongs to another user.
pub(super) fn are_hidden(process: u32) -> bool {
    let listed = fs::read_dir(folder(process, "fd"));
    listed.is_err_and(|error| error.kind() == ErrorKind::PermissionDenied)
}

/// Whether the system lists the lock of `file`, which this process has locked.
///
/// A file system in user space may forward locks to its own process, which is listed instead, or keep them to
/// itself.
pub(in crate::engine::file) fn is_lock_listed(file: &File) -> bool {
    let path = PathBuf::from(format!("/proc/self/fdinfo/{}", file.as_raw_fd()));
    mount::details(&path).is_some_and(|details| shows_lock(&details))
}

/// Whether `process` serves a file system in user space, and so may have locked a file for others; also if
/// that is not known at `end`.
pub(super) fn may_serve_file_system(process: u32, end: Instant) -> bool {
    let folder = folder(process, "fd");
    let mut targets = descriptors(process, end).map(|it| fs::read_link(folder.join(it)));
    targets.any(|target| target.is_ok_and(|target| target == Path::new("/dev/fuse")))
        || Instant::now() >= end
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

/// The open lock files of `process`, as far as they are found before `end`.
pub(super) fn lock_files(process: u32, end: Instant) -> ByName {
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
pub(super) fn descriptors(process: u32, end: Instant) -> impl Iterator<Item = OsString> {
    let open = fs::read_dir(folder(process, "fd")).into_iter().flatten().flatten();
    open.map(|entry| entry.file_name()).take_while(move |_| Instant::now() < end)
}

fn folder(process: u32, name: &str) -> PathBuf {
    PathBuf::from(format!("/proc/{process}/{name}"))
}
