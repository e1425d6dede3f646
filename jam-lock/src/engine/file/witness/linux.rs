//! Linux's word on who holds a lock file.

use std::fs::{self, Metadata};
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use super::Crowd;
use super::lock_table::{self, Entry};
use crate::State;
use crate::engine::Mode;
use crate::engine::file::record_file::{self, RecordFile};
use crate::holder::Holder;
use crate::this_process::{ThisProcess, start_of};

/// How often to look for somebody who holds the lock: one look at a long list may miss a line.
const LOOKS: usize = 3;

/// Who holds the lock file at `path`.
pub(in crate::engine::file) fn holder(path: &Path) -> Option<Holder> {
    (0..LOOKS).find_map(|_| look(path))
}

fn look(path: &Path) -> Option<Holder> {
    // Whoever releases it after this was read is not in the system's list any more.
    let record = record_file::look(&RecordFile::path(path)).and_then(|record| record.holder);
    let file = fs::symlink_metadata(path).ok()?;
    let entries = lock_table::entries();
    let listed: Vec<_> =
        entries.iter().filter(|it| !it.is_waiting && it.inode == file.ino()).collect();
    recorded(record, &listed, &file).or_else(|| foreign(&listed, &file))
}

/// The recorded holder, if it is one of those `listed`, with the process id that it has here.
fn recorded(
    record: Option<(Holder, Option<u64>)>,
    listed: &[&Entry],
    file: &Metadata,
) -> Option<Holder> {
    let (holder, started) = record?;
    let known = holder.process.zip(started)?;
    let is_recorded =
        |entry: &&&Entry| identity(entry.process) == Some(known) && is_about(entry, file);
    let entry = listed.iter().find(is_recorded)?;
    Some(Holder { process: Some(entry.process), ..holder }.seen_now())
}

/// Whether it is `file` that an entry with its inode tells of.
fn is_about(entry: &Entry, file: &Metadata) -> bool {
    // Btrfs and overlays tell two devices of one file.
    entry.device == (libc::major(file.dev()), libc::minor(file.dev()))
        || has_locked(entry.process, file)
}

/// Whether a writer of another process waits for the lock file at `path`.
pub(in crate::engine::file) fn has_waiting_writer(path: &Path) -> bool {
    let Ok(file) = fs::symlink_metadata(path) else { return false };
    let here = std::process::id();
    lock_table::entries().iter().any(|entry| {
        entry.is_waiting
            && entry.mode == Mode::Exclusive
            && entry.inode == file.ino()
            && entry.process != here
    })
}

/// Everybody who holds lock files or waits for them, as they were at one time.
pub(in crate::engine::file) struct Census(Vec<Entry>);

impl Census {
    pub(in crate::engine::file) fn take() -> Self {
        Self(lock_table::entries())
    }

    /// Whether it counts processes of all id namespaces.
    pub(in crate::engine::file) fn is_of_everybody() -> bool {
        /// The number of the first namespace, which is above all others.
        const FIRST: u64 = 0xEFFF_FFFC;
        fs::metadata("/proc/self/ns/pid").is_ok_and(|found| found.ino() == FIRST)
    }

    /// Who holds `file` or waits for it; nothing where nobody is listed as its holder. `record` was
    /// read before the census was taken.
    pub(in crate::engine::file) fn of(
        &self,
        file: &Metadata,
        record: Option<(Holder, Option<u64>)>,
    ) -> Option<Crowd> {
        let there: Vec<_> = self.0.iter().filter(|entry| entry.inode == file.ino()).collect();
        let (waiting, holding): (Vec<_>, Vec<_>) =
            there.into_iter().partition(|entry| entry.is_waiting);
        let holding: Vec<_> = holding.into_iter().filter(|entry| is_about(entry, file)).collect();
        let state = match holding.first()?.mode {
            Mode::Exclusive => State::Writer,
            Mode::Shared => State::Readers(Some(holding.len())),
        };
        // Who waits is told with the device that its holder was told with.
        let is_here = |entry: &&&Entry| entry.device == holding[0].device;
        let waiting = Some(waiting.iter().filter(is_here).count());
        let is_another = |entry: &&Entry| {
            let known = record.as_ref().and_then(|(holder, started)| holder.process.zip(*started));
            let here = identity(entry.process);
            here.is_some() && known.is_some() && here != known
        };
        let is_without_recorded = holding.iter().all(is_another);
        let holder = recorded(record, &holding, file).or_else(|| foreign(&holding, file));
        Some(Crowd { state, holder, is_without_recorded, waiting })
    }
}

/// A holder that records nothing.
///
/// The list names who locked the file, which may have ended and left it open to a child, and its
/// number to a stranger. So only who has it open counts.
fn foreign(listed: &[&Entry], file: &Metadata) -> Option<Holder> {
    let here = ThisProcess::get();
    // This process is its gates' to tell of; seen from here, it is only on its way in or out.
    let mut processes = listed.iter().map(|entry| entry.process).filter(|it| *it != here.id);
    let process = processes.find(|process| has_locked(*process, file))?;
    let host = here.host.clone();
    Some(Holder { process: Some(process), program: program(process), host, ..Holder::default() })
}

/// Whether one of the open files of `process` is `file`, locked.
fn has_locked(process: u32, file: &Metadata) -> bool {
    let here = Path::new("/proc").join(process.to_string());
    let Ok(open) = fs::read_dir(here.join("fd")) else { return false };
    let inode = format!(":{} ", file.ino());
    open.flatten().any(|entry| {
        // Only what is locked is looked at itself: another file's system might hang.
        let details = fs::read_to_string(here.join("fdinfo").join(entry.file_name()));
        details.is_ok_and(|details| details.contains("FLOCK") && details.contains(&inode))
            && fs::metadata(entry.path())
                .is_ok_and(|open| (open.dev(), open.ino()) == (file.dev(), file.ino()))
    })
}

/// What tells `process` from all others, as it records itself.
fn identity(process: u32) -> Option<(u32, u64)> {
    number_of_its_own(process).zip(start_of(&process.to_string()))
}

/// The number that `process` has in its own process id namespace.
fn number_of_its_own(process: u32) -> Option<u32> {
    let status = fs::read_to_string(format!("/proc/{process}/status")).ok()?;
    let numbers = status.lines().find_map(|line| line.strip_prefix("NSpid:"))?;
    numbers.split_whitespace().next_back()?.parse().ok()
}

fn program(process: u32) -> Option<String> {
    let path = fs::read_link(format!("/proc/{process}/exe")).ok();
    let name = path.and_then(|path| Some(path.file_name()?.to_str()?.to_owned()));
    let name = name.map(|name| name.trim_end_matches(" (deleted)").to_owned());
    // Another user's processes show their name alone, which is cut off.
    name.or_else(|| fs::read_to_string(format!("/proc/{process}/comm")).ok())
        .map(|name| name.trim_end().to_owned())
}
