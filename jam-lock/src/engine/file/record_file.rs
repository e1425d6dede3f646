//! The file beside a lock file that has its record: opened, read and written in place.
//!
//! Whoever writes it has the lock. It is written to only where it is the one file at its path: a
//! second name, such as that of a backup, would be changed along with it. What may not be written to
//! is replaced by a new file instead.

use std::fs::{self, File};
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

use super::file_id::FileId;
use super::handle::Place;
use super::record_format::{self, Content, ROOM, Record};
use super::system::{Call, ask};
use super::token_floor::TokenFloor;
use super::{file_size_limit, open, temporary_name};
use crate::engine::RecordError;
use crate::error::LockError;

/// How often a file may be removed while it is being opened.
const ROUNDS: usize = 16;

/// An open record file.
pub(super) struct RecordFile {
    file: File,
    identity: FileId,
    /// Why it has to be replaced to be written.
    obstacle: Option<io::Error>,
}

/// Where what a file starts with is read to.
pub(super) struct Room([u8; ROOM]);

impl Room {
    pub(super) fn new() -> Self {
        Self([0; ROOM])
    }
}

impl RecordFile {
    /// Where the record of the lock file at `lock` is.
    pub(super) fn path(lock: &Path) -> PathBuf {
        lock.with_extension("holder")
    }

    /// Opens the record file at its place; where there is none, it is made if `may_make` it.
    pub(super) fn open(place: &Place, may_make: bool) -> Result<Option<Self>, RecordError> {
        let path = &place.path;
        for _ in 0..ROUNDS {
            let (file, obstacle) = match open::existing(path) {
                Ok(file) => (file, None),
                Err(error) if error.kind() == ErrorKind::NotFound && !may_make => return Ok(None),
                Err(error) if error.kind() == ErrorKind::NotFound => {
                    match open::create(path, place.permissions) {
                        Ok(file) => (file, None),
                        Err(error) if error.kind() == ErrorKind::AlreadyExists => continue,
                        Err(error) => {
                            let error = failed("make the holder record", path, error);
                            return Err(RecordError { error, may_hide_abandonment: false });
                        }
                    }
                }
                Err(error) if is_denied(&error) => {
                    let file = open::readable(path);
                    (
                        file.map_err(|_| unread(path, irregular(path, error.kind().into())))?,
                        Some(error),
                    )
                }
                Err(error) => return Err(unread(path, irregular(path, error))),
            };
            let found = look_at(&file).map_err(|error| unread(path, error))?;
            if let Some(what) = open::irregularity(found.file_type()) {
                return Err(unread(path, is_something_else(what)));
            }
            let obstacle = match names(&found) {
                // Somebody has removed it just now.
                0 => continue,
                1 => obstacle,
                _ => Some(io::Error::other("it has a second name, which is a hard link")),
            };
            let identity = FileId::new(path, &found);
            return Ok(Some(Self { file, identity, obstacle }));
        }
        Err(unread(path, ErrorKind::NotFound.into()))
    }

    /// Whether nobody can have linked, renamed or removed it since it was written to, for a file that
    /// was written to so recently that hardly anything can have happened to it.
    ///
    /// That is in the open file, which is looked at in a third of the time that its path takes: those
    /// change its `ctime` alone, and a write changes `mtime` as well.
    #[cfg(unix)]
    pub(super) fn is_untouched(&self) -> bool {
        use std::os::unix::fs::MetadataExt;
        let found = look_at(&self.file);
        self.obstacle.is_none()
            && found.is_ok_and(|found| {
                let changed = (found.ctime(), found.ctime_nsec());
                names(&found) == 1 && changed == (found.mtime(), found.mtime_nsec())
            })
    }

    /// Always, as [`is_in_place`](Self::is_in_place).
    #[cfg(windows)]
    pub(super) fn is_untouched(&self) -> bool {
        true
    }

    /// Whether it is still what is at `path`, and only there.
    #[cfg(unix)]
    pub(super) fn is_in_place(&self, path: &Path) -> bool {
        // A link to a link, for one, would be another one.
        let found = ask(Call::Look, path, || fs::symlink_metadata(path));
        found.is_ok_and(|found| {
            let is_alone = names(&found) == 1 || self.obstacle.is_some();
            FileId::new(path, &found) == self.identity && is_alone
        })
    }

    /// Always: an open file without `FILE_SHARE_DELETE` keeps its name.
    #[cfg(windows)]
    pub(super) fn is_in_place(&self, _: &Path) -> bool {
        true
    }

    /// What is at its start.
    pub(super) fn read<'room>(&self, room: &'room mut Room) -> io::Result<&'room [u8]> {
        read(&self.file, room)
    }

    /// Writes `text` to the start of the file, by one call; or to a new file that takes its place.
    pub(super) fn write(&mut self, place: &Place, text: &[u8]) -> Result<(), LockError> {
        let path = &place.path;
        let failed = |error| failed("write the holder record", path, error);
        file_size_limit::permits(text.len()).map_err(failed)?;
        let Some(obstacle) = &self.obstacle else {
            return write(&self.file, text).map_err(failed);
        };
        *self = replace(place, text).map_err(|error| {
            // What the system said is not all that has to be known.
            let text = format!("{obstacle}, and cannot be replaced ({error}): move it away");
            failed(io::Error::new(error.kind(), text))
        })?;
        Ok(())
    }
}

/// Puts a new file with `text` in the place of the one at its path, which is left to whoever has it
/// by another name.
fn replace(place: &Place, text: &[u8]) -> io::Result<RecordFile> {
    let temporary = temporary_name::beside(&place.path);
    let file = open::create(&temporary, place.permissions)?;
    let replaced = write(&file, text).and_then(|()| {
        ask(Call::Rename, temporary.as_path(), || fs::rename(&temporary, &place.path))?;
        look_at(&file)
    });
    match replaced {
        Ok(found) => {
            Ok(RecordFile { file, identity: FileId::new(&place.path, &found), obstacle: None })
        }
        Err(error) => {
            let _ = ask(Call::Remove, temporary.as_path(), || fs::remove_file(&temporary));
            Err(error)
        }
    }
}

/// What keeps somebody who may have died from being known.
pub(super) fn unread(path: &Path, error: io::Error) -> RecordError {
    let error = failed("read the holder record", path, error);
    RecordError { error, may_hide_abandonment: true }
}

/// That a file has something else than a record.
pub(super) fn is_foreign() -> io::Error {
    io::Error::new(ErrorKind::InvalidData, "it is a file of somebody else's: move it away")
}

pub(super) fn failed(operation: &'static str, path: &Path, error: io::Error) -> LockError {
    LockError::Io { operation, path: path.to_owned(), error }
}

/// Why what is at `path` could not be opened: for what it is, if that is no file, else for `error`.
pub(super) fn irregular(path: &Path, error: io::Error) -> io::Error {
    let found = fs::symlink_metadata(path).ok();
    found.and_then(|found| open::irregularity(found.file_type())).map_or(error, is_something_else)
}

pub(super) fn is_something_else(what: &str) -> io::Error {
    io::Error::new(ErrorKind::InvalidInput, format!("it is {what}: move it away"))
}

/// Whether it may still be possible to read what could not be opened to be written.
fn is_denied(error: &io::Error) -> bool {
    matches!(error.kind(), ErrorKind::PermissionDenied | ErrorKind::ReadOnlyFilesystem)
}

/// The record at `path`, if that has one.
pub(super) fn look(path: &Path) -> Option<Record> {
    match Content::of(contents(path, &mut Room::new()).ok()?) {
        Content::Record(record) => Some(record),
        Content::Nothing | Content::Foreign => None,
    }
}

/// Removes the record at `path` of a keyed name, and tells whether none is left: not where somebody
/// has to learn of a death, where the next token would not rise, or where the file is somebody
/// else's.
pub(super) fn remove(path: &Path) -> bool {
    let mut room = Room::new();
    let content = match contents(path, &mut room) {
        Ok(bytes) => Content::of(bytes),
        Err(error) => return error.kind() == ErrorKind::NotFound,
    };
    let may_go = match content {
        Content::Nothing => true,
        Content::Foreign => false,
        Content::Record(record) => {
            let is_kept = |token| TokenFloor::beside(path).raise(token).is_ok();
            record.is_clean() && record.token.is_none_or(is_kept)
        }
    };
    may_go && ask(Call::Remove, path, || fs::remove_file(path)).is_ok()
}

/// Whether the record at `path` says that its lock is a keyed name's, and nobody would miss it.
pub(super) fn is_left_behind(path: &Path) -> bool {
    let mut room = Room::new();
    contents(path, &mut room).is_ok_and(|bytes| {
        let is_clean = matches!(Content::of(bytes), Content::Record(record) if record.is_clean());
        is_clean && record_format::is_of_keyed_name(bytes)
    })
}

/// What is at the start of the file at `path`, which is closed again: what is open cannot be removed
/// on Windows.
fn contents<'room>(path: &Path, room: &'room mut Room) -> io::Result<&'room [u8]> {
    let file = open::readable(path)?;
    // What is no regular file may have no end.
    if !look_at(&file)?.is_file() {
        return Err(ErrorKind::InvalidInput.into());
    }
    read(&file, room)
}

pub(super) fn read<'room>(file: &File, room: &'room mut Room) -> io::Result<&'room [u8]> {
    let length = ask(Call::Read, file, || read_at_start(file, &mut room.0))?;
    Ok(&room.0[..length])
}

pub(super) fn write(file: &File, text: &[u8]) -> io::Result<()> {
    let written = ask(Call::Write, file, || write_at_start(file, text))?;
    if written == text.len() { Ok(()) } else { Err(ErrorKind::WriteZero.into()) }
}

pub(super) fn look_at(file: &File) -> io::Result<fs::Metadata> {
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

/// How many names a file has.
#[cfg(unix)]
pub(super) fn names(found: &fs::Metadata) -> u64 {
    std::os::unix::fs::MetadataExt::nlink(found)
}

/// One: nobody is asked.
#[cfg(windows)]
pub(super) fn names(_: &fs::Metadata) -> u64 {
    1
}
