//! [`LiveProcesses`]: whether a recorded holder lives, although its lock was granted to another one.
//!
//! That happens if its lock file was removed, or is reached in two ways that do not exclude each
//! other. Such a holder runs, and has a lock file of this name open and locked.

use std::cell::OnceCell;
use std::ffi::OsStr;
use std::fs;
use std::io::ErrorKind;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::process;
use std::time::Instant;

use super::descriptors;
use super::stale_record::ProcessIdentity;
use crate::engine::file::holder_lookup::TIMEOUT;
use crate::engine::file::mount::{self, Mount};
use crate::engine::file::record::Record;
use crate::this_process::{ThisProcess, start_time, stat_field};

/// The processes that this one can see, listed once.
#[derive(Default)]
pub(in crate::engine::file) struct LiveProcesses {
    /// The id of each, and when it started.
    started: OnceCell<Vec<(u32, u64)>>,
}

impl LiveProcesses {
    /// Whether the holder in `record` lives, and has not released the lock of the file at `lock`,
    /// which is free or was granted to another holder.
    ///
    /// A process that this one cannot see counts as dead.
    pub(in crate::engine::file) fn has_not_released(&self, record: &Record, lock: &Path) -> bool {
        self.unreleased_by(record, lock).is_some()
    }

    /// The id that this holder has here, if it lives and has not released the lock.
    pub(super) fn unreleased_by(&self, record: &Record, lock: &Path) -> Option<u32> {
        let identity = ProcessIdentity::recorded(Some(record))?;
        let boot = record.holder.as_ref().and_then(|(_, start)| start.boot.as_ref());
        if boot.is_none() || boot != ThisProcess::get().boot.as_ref() {
            return None;
        }
        self.find(identity).filter(|process| is_running(*process) && may_hold(*process, lock))
    }

    /// The id that a process has here, which is another one if it is in a container.
    fn find(&self, identity: ProcessIdentity) -> Option<u32> {
        let is_it = |process: &u32| ProcessIdentity::read(*process) == Some(identity);
        if is_it(&identity.own_id) {
            return Some(identity.own_id);
        }
        let started = self.started.get_or_init(list_processes).iter();
        started
            .filter(|(_, started)| *started == identity.started)
            .map(|(process, _)| *process)
            .find(is_it)
    }
}

fn list_processes() -> Vec<(u32, u64)> {
    let end = Instant::now() + TIMEOUT;
    let listed = fs::read_dir("/proc").into_iter().flatten().flatten();
    let processes = listed.filter_map(|entry| entry.file_name().to_str()?.parse().ok());
    let started = processes.filter_map(|id: u32| Some((id, start_time(&id.to_string())?)));
    started.take_while(|_| Instant::now() < end).collect()
}

/// Whether a thread of `process` is running: its files are closed only after the last thread has
/// given up its memory.
pub(super) fn is_running(process: u32) -> bool {
    /// Where the file `stat` has the size of the memory.
    const MEMORY: usize = 20;
    let has_memory = |path: &str| stat_field(path, MEMORY).is_some_and(|size| size > 0);
    if has_memory(&format!("/proc/{process}/stat")) {
        return true;
    }
    // The first thread may have ended before the others.
    let threads = fs::read_dir(format!("/proc/{process}/task")).into_iter().flatten().flatten();
    threads
        .map(|thread| thread.path().join("stat"))
        .any(|path| path.to_str().is_some_and(has_memory))
}

/// Whether `process` has a lock file with the name of the one at `lock` open and locked, which it
/// has no more if it has executed another program; also if that cannot be seen.
fn may_hold(process: u32, lock: &Path) -> bool {
    let folder = PathBuf::from(format!("/proc/{process}/fd"));
    match fs::read_dir(&folder) {
        Ok(descriptors) => {
            let name = lock.file_name().unwrap_or_default();
            let mut open = descriptors.flatten().map(|entry| entry.file_name());
            open.any(|descriptor| {
                descriptors::has_name(&folder.join(&descriptor), name)
                    && may_be_locked(process, &descriptor)
                    && !is_own(process, &folder.join(&descriptor), lock)
            })
        }
        // It belongs to another user.
        Err(error) => error.kind() == ErrorKind::PermissionDenied,
    }
}

/// Whether the open file is locked; unknown if its file system manages locks by itself.
fn may_be_locked(process: u32, descriptor: &OsStr) -> bool {
    let path = PathBuf::from(format!("/proc/{process}/fdinfo")).join(descriptor);
    mount::details(&path).is_some_and(|details| {
        descriptors::shows_lock(&details)
            || Mount::of_open_file(&process.to_string(), &details).is_some_and(|it| it.is_fuse())
    })
}

/// Whether the open file is the one at `lock`, which this process has just locked.
fn is_own(process: u32, open: &Path, lock: &Path) -> bool {
    let id = |path| fs::metadata(path).ok().map(|metadata| (metadata.dev(), metadata.ino()));
    process == process::id() && id(open) == id(lock)
}

#[cfg(test)]
mod tests {
    use std::process::{Child, Command};

    use super::*;
    use crate::engine::file::record::Start;
    use crate::holder::Holder;

    /// A process that has the lock file in `folder` open, locked if `command` does that.
    fn holder(folder: &Path, command: &str) -> Child {
        let script = format!("exec 9>x.lock; {command}; echo ready >ready; read end");
        let mut shell = Command::new("bash");
        let child = shell.args(["-c", &script]).current_dir(folder);
        let child = child.stdin(process::Stdio::piped()).spawn().unwrap();
        while !folder.join("ready").exists() {
            std::thread::yield_now();
        }
        child
    }

    fn record(process: u32) -> Record {
        let start = ProcessIdentity::read(process).map(|identity| identity.started);
        let boot = ThisProcess::get().boot.clone();
        let holder = Holder { process: Some(process), ..Holder::default() };
        Record { holder: Some((holder, Start { ticks: start, boot })), ..Record::default() }
    }

    fn has_not_released(record: &Record, folder: &Path) -> bool {
        LiveProcesses::default().has_not_released(record, &folder.join("x.lock"))
    }

    #[test]
    fn a_process_with_the_removed_file_locked_has_not_released_it_until_it_ends() {
        let folder = tempfile::tempdir().unwrap();
        let mut child = holder(folder.path(), "flock 9");
        fs::remove_file(folder.path().join("x.lock")).unwrap();
        let record = record(child.id());
        assert!(has_not_released(&record, folder.path()));
        child.kill().unwrap();
        // It is a zombie now, if not gone.
        while has_not_released(&record, folder.path()) {
            std::thread::yield_now();
        }
        child.wait().unwrap();
    }

    #[test]
    fn a_process_that_has_no_lock_on_such_a_file_has_released_it() {
        let folder = tempfile::tempdir().unwrap();
        let mut child = holder(folder.path(), "true");
        assert!(!has_not_released(&record(child.id()), folder.path()));
        child.kill().unwrap();
        child.wait().unwrap();
    }

    #[test]
    fn a_process_of_another_start_or_another_boot_is_not_the_recorded_one() {
        let folder = tempfile::tempdir().unwrap();
        let mut child = holder(folder.path(), "flock 9");
        let change = |change: fn(&mut Start)| {
            let mut record = record(child.id());
            change(&mut record.holder.as_mut().unwrap().1);
            record
        };
        let others = [
            change(|start| start.ticks = start.ticks.map(|ticks| ticks + 1)),
            change(|start| start.boot = Some("another".to_owned())),
            change(|start| start.boot = None),
        ];
        for record in others {
            assert!(!has_not_released(&record, folder.path()), "{record:?}");
        }
        child.kill().unwrap();
        child.wait().unwrap();
    }
}
