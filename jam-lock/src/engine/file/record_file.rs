//! The file beside a lock file that says who holds the lock: read and written in place.

use std::fs::{self, File};
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

use super::opening;
use super::record::{Record, SIZE};
use super::system::{Call, ask};

/// An open record file that is fit to be written to.
pub(super) struct RecordFile {
    file: File,
}

/// Where what a file starts with is read to.
pub(super) struct Room([u8; SIZE]);

impl Room {
    pub(super) fn new() -> Self {
        Self([0; SIZE])
    }
}

impl RecordFile {
    /// Where the record of the lock file at `lock` is.
    pub(super) fn path(lock: &Path) -> PathBuf {
        lock.with_extension("holder")
    }

    /// Opens the record file at `path`, or makes it; none where it is not ours to write to.
    pub(super) fn open(path: &Path, mode: Option<u32>) -> Option<Self> {
        let record = Self { file: opening::existing_or_new(path, mode).ok()? };
        let is_ours =
            record.is_in_place() && Record::may_replace(record.read(&mut Room::new()).ok()?);
        is_ours.then_some(record)
    }

    /// Whether it is a regular file that has one name, as it had when it was made: a second name
    /// would be a trap, and without any, nobody finds what is written.
    pub(super) fn is_in_place(&self) -> bool {
        look_at(&self.file).is_ok_and(|found| found.is_file() && has_one_name(&found))
    }

    /// What is at its start.
    pub(super) fn read<'room>(&self, room: &'room mut Room) -> io::Result<&'room [u8]> {
        read(&self.file, room)
    }

    /// Writes `text` to its start, by one call.
    pub(super) fn write(&self, text: &[u8]) -> io::Result<()> {
        let written = ask(Call::Write, &self.file, || write_at_start(&self.file, text))?;
        if written == text.len() { Ok(()) } else { Err(ErrorKind::WriteZero.into()) }
    }
}

/// The record at `path`, if that has one which can be understood.
pub(super) fn look(path: &Path) -> Option<Record> {
    Record::parse(contents(path, &mut Room::new()).ok()?)
}

/// Removes the record at `path`, and tells whether none is left: not where it is still needed, nor
/// where the file is somebody else's.
pub(super) fn remove(path: &Path) -> bool {
    let mut room = Room::new();
    match contents(path, &mut room) {
        Ok(bytes) => {
            let is_expendable = Record::may_replace(bytes)
                && Record::parse(bytes).is_none_or(|record| record.is_expendable());
            is_expendable && ask(Call::Remove, path, || fs::remove_file(path)).is_ok()
        }
        Err(error) => error.kind() == ErrorKind::NotFound,
    }
}

/// Whether the record at `path` says that its lock is a keyed name's, and nobody would miss it.
pub(super) fn is_left_behind(path: &Path) -> bool {
    let mut room = Room::new();
    contents(path, &mut room).is_ok_and(|bytes| {
        let is_expendable = Record::parse(bytes).is_some_and(|record| record.is_expendable());
        is_expendable && Record::is_of_keyed_name(bytes)
    })
}

/// What is at the start of the file at `path`, which is closed again: what is open cannot be removed
/// on Windows.
fn contents<'room>(path: &Path, room: &'room mut Room) -> io::Result<&'room [u8]> {
    let file = opening::readable(path)?;
    // What is no regular file may have no end.
    if !look_at(&file)?.is_file() {
        return Err(ErrorKind::InvalidInput.into());
    }
    read(&file, room)
}

fn read<'room>(file: &File, room: &'room mut Room) -> io::Result<&'room [u8]> {
    let length = ask(Call::Read, file, || read_at_start(file, &mut room.0))?;
    Ok(&room.0[..length])
}

fn look_at(file: &File) -> io::Result<fs::Metadata> {
    ask(Call::Look, file, || file.metadata())
}

#[cfg(unix)]
fn read_at_start(file: &File, bytes: &mut [u8]) -> io::Result<usize> {
    std::os::unix::fs::FileExt::read_at(file, bytes, 0)
}

#[cfg(windows)]
fn read_at_start(file: &File, bytes: &mut [u8]) -> io::Result<usize> {
    std::os::windows::fs::FileExt::seek_read(file, bytes, 0)
}

#[cfg(unix)]
fn write_at_start(file: &File, bytes: &[u8]) -> io::Result<usize> {
    std::os::unix::fs::FileExt::write_at(file, bytes, 0)
}

#[cfg(windows)]
fn write_at_start(file: &File, bytes: &[u8]) -> io::Result<usize> {
    std::os::windows::fs::FileExt::seek_write(file, bytes, 0)
}

#[cfg(unix)]
fn has_one_name(found: &fs::Metadata) -> bool {
    std::os::unix::fs::MetadataExt::nlink(found) == 1
}

/// Always: an open file without `FILE_SHARE_DELETE` keeps its name.
#[cfg(windows)]
fn has_one_name(_: &fs::Metadata) -> bool {
    true
}
