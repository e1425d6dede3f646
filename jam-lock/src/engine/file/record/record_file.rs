//! [`RecordFile`]: the open `.holder` file, which the holder of the lock overwrites in place.
//!
//! It is only written to if it has no name but its own: another one, such as that of a backup,
//! would change along with it. A file that must not be written to is replaced by a new one.

use std::borrow::Cow;
use std::fs::{self, File};
use std::io::{self, ErrorKind};
use std::mem;
use std::path::{Path, PathBuf};

use super::error::{io_error, open_error, unreadable, wrong_kind};
use super::file_size_limit;
use super::format::{self, RELEASED_SIZE, SIZE};
use super::io::{Buffer, metadata, read, read_into, write};
use crate::engine::RecordError;
use crate::engine::file::create::create;
use crate::engine::file::file_spec::FileSpec;
use crate::engine::file::platform::{self, FileId};
use crate::engine::file::syscall::{Syscall, retry};
use crate::engine::file::{open, temporary_file};
use crate::error::LockError;

/// How often a file may be removed while it is being opened.
const MAX_REOPENS: usize = 16;

/// An open record file.
pub(in crate::engine::file) struct RecordFile {
    file: File,
    id: FileId,
    /// Why it must be replaced instead of written to.
    not_writable: Option<io::Error>,
    /// Whether the text of a last run follows the first one.
    has_run: bool,
    /// Whether something follows these texts, such as that of an earlier death.
    is_long: bool,
    /// The start of the file, as it was last read or written here.
    head: Head,
    /// Whether it was read since it was last written to, so that `head` need not be checked.
    is_read: bool,
}

/// Enough of a record to distinguish it from that of another acquisition.
type Head = [u8; RELEASED_SIZE];

/// The start of `text`, with zeros in place of what is missing.
fn head_of(text: &[u8]) -> Head {
    let mut head = [0; RELEASED_SIZE];
    let length = text.len().min(head.len());
    head[..length].copy_from_slice(&text[..length]);
    head
}

impl RecordFile {
    /// The path of the record of the lock file at `lock`.
    pub(in crate::engine::file) fn path(lock: &Path) -> PathBuf {
        lock.with_extension("holder")
    }

    /// Opens the record file; if it is missing and `may_create` is set, creates it.
    pub(super) fn open(spec: &FileSpec, may_create: bool) -> Result<Option<Self>, RecordError> {
        let path = &spec.path;
        for _ in 0..MAX_REOPENS {
            let (file, not_writable) = match open::read_write(path) {
                Ok(file) => (file, None),
                Err(error) if error.kind() == ErrorKind::NotFound && !may_create => {
                    return Ok(None);
                }
                Err(error) if error.kind() == ErrorKind::NotFound => {
                    match create(path, spec.permissions) {
                        Ok(file) => (file, None),
                        Err(error) if error.kind() == ErrorKind::AlreadyExists => continue,
                        Err(error) => {
                            let error = io_error("create the holder record", path, error);
                            return Err(RecordError { error, may_hide_abandonment: false });
                        }
                    }
                }
                Err(error) if open::is_denied(&error) => {
                    let file = open::read_only(path)
                        .map_err(|_| unreadable(path, open_error(path, error.kind().into())))?;
                    (file, Some(error))
                }
                Err(error) => return Err(unreadable(path, open_error(path, error))),
            };
            let metadata = metadata(&file).map_err(|error| unreadable(path, error))?;
            if let Some(kind) = open::irregularity(metadata.file_type()) {
                return Err(unreadable(path, wrong_kind(kind)));
            }
            let not_writable = match platform::link_count(&metadata) {
                // It was removed just now.
                0 => continue,
                1 => not_writable,
                _ => Some(io::Error::other("it has a second name, which is a hard link")),
            };
            let id = FileId::new(path, &metadata);
            let head = [0; RELEASED_SIZE];
            return Ok(Some(Self {
                file,
                id,
                not_writable,
                has_run: false,
                is_long: false,
                head,
                is_read: false,
            }));
        }
        Err(unreadable(path, ErrorKind::NotFound.into()))
    }

    /// Notes that it is as this process has left it.
    pub(super) fn note_unchanged(&mut self) {
        self.is_read = true;
    }

    /// Whether `path` still names the file, and nothing else does.
    pub(super) fn is_in_place(&self, path: &Path) -> bool {
        if !platform::OPEN_FILES_CAN_MOVE {
            return true;
        }
        // Of a symbolic link, the metadata is that of the link, which is a different file.
        let metadata = retry(Syscall::Metadata, path, || fs::symlink_metadata(path));
        metadata.is_ok_and(|metadata| {
            let has_one_name = platform::link_count(&metadata) == 1 || self.not_writable.is_some();
            FileId::new(path, &metadata) == self.id && has_one_name
        })
    }

    /// Reads the start of the file.
    pub(super) fn read<'buffer>(
        &mut self,
        buffer: &'buffer mut Buffer,
    ) -> io::Result<&'buffer [u8]> {
        let bytes = read(&self.file, buffer)?;
        let end = format::run::end(bytes);
        (self.has_run, self.is_long) = (end > SIZE, bytes.len() > end);
        (self.head, self.is_read) = (head_of(bytes), true);
        Ok(bytes)
    }

    /// Whether another holder has written to the file since it was read or written here, which it can
    /// only if the lock file was removed or replaced, or is reached in another way.
    pub(super) fn was_written_by_another(&self) -> bool {
        let mut head = [0; RELEASED_SIZE];
        !self.is_read
            && read_into(&self.file, &mut head).is_ok_and(|length| {
                // Somebody may have emptied it.
                let is_empty = head[..length].iter().all(|byte| *byte == 0);
                !is_empty && !self.head.starts_with(&head[..length])
            })
    }

    pub(super) fn file(&self) -> &File {
        &self.file
    }

    /// Whether it is written to, instead of being replaced.
    pub(super) fn is_writable(&self) -> bool {
        self.not_writable.is_none()
    }

    /// Where the texts of the record end: what follows is about waits.
    pub(super) fn length_of_texts(&self) -> usize {
        self.end_of_run() + if self.is_long { SIZE } else { 0 }
    }

    /// Where the text of the last run ends, if there is one, or else the first text.
    fn end_of_run(&self) -> usize {
        if self.has_run { 2 * SIZE } else { SIZE }
    }

    /// Whether there is a text of the last run, which may say that there was none.
    pub(super) fn has_run(&self) -> bool {
        self.has_run
    }

    /// Notes that the text of a last run was put behind the first text.
    pub(super) fn note_run(&mut self) {
        self.has_run = true;
    }

    /// Whether the text of an earlier death follows the others.
    pub(super) fn is_long(&self) -> bool {
        self.is_long
    }

    /// The text behind the first one.
    pub(super) fn read_second(&self) -> io::Result<Vec<u8>> {
        let mut buffer = Buffer::new();
        let bytes = read(&self.file, &mut buffer)?;
        let mut second = bytes.get(SIZE..).unwrap_or_default().to_owned();
        // What was cut short stays damaged.
        second.resize(SIZE, b' ');
        Ok(second)
    }

    /// What to write instead of `text`, so that the text of the last run stays behind its first part.
    fn with_run<'text>(&self, text: &'text [u8], is_whole: bool) -> io::Result<Cow<'text, [u8]>> {
        if !self.has_run || (!is_whole && text.len() <= SIZE) {
            return Ok(Cow::Borrowed(text));
        }
        let (first, second) = text.split_at(text.len().min(SIZE));
        let mut filled = first.to_owned();
        filled.resize(SIZE, b' ');
        Ok(Cow::Owned([filled, self.read_second()?, second.to_owned()].concat()))
    }

    /// The token of the holder that was last written here, if one was.
    pub(super) fn held_token(&self) -> Option<u64> {
        format::held_token(&self.head)
    }

    /// Writes `text` to the start of the file, with one call, or to a new file that replaces it.
    pub(super) fn write(&mut self, spec: &FileSpec, text: &[u8]) -> Result<(), LockError> {
        let failed = |error| io_error("write the holder record", &spec.path, error);
        let text = &*self.with_run(text, false).map_err(failed)?;
        file_size_limit::check(text.len()).map_err(failed)?;
        let Some(reason) = &self.not_writable else {
            let written = write(&self.file, text);
            // After an error, its content is unknown.
            self.is_read = written.is_err();
            written.map_err(failed)?;
            self.head = head_of(text);
            self.cut_off_second_text(text.len());
            return Ok(());
        };
        *self = self.replaced(spec, text).map_err(|error| {
            let text = format!("{reason}, and cannot be replaced ({error}): move it away");
            failed(io::Error::new(error.kind(), text))
        })?;
        Ok(())
    }

    /// Replaces the file, which could not be written to, by one with `text`; or removes it, on a file
    /// system that is full. Returns whether there still is a file.
    pub(super) fn replace_or_remove(
        &mut self,
        spec: &FileSpec,
        text: &[u8],
        written: LockError,
    ) -> Result<bool, LockError> {
        let path = spec.path.as_path();
        if !self.is_in_place(path) {
            return Err(written);
        }
        if let Ok(file) = self.replaced(spec, text) {
            *self = file;
            return Ok(true);
        }
        if self.has_run {
            // Its job would run again too soon.
            return Err(written);
        }
        match retry(Syscall::Remove, path, || fs::remove_file(path)) {
            Ok(()) => Ok(false),
            Err(_) => Err(written),
        }
    }

    /// A new file with `text` and the last run, which has replaced this one.
    fn replaced(&self, spec: &FileSpec, text: &[u8]) -> io::Result<Self> {
        replace(spec, &self.with_run(text, true)?, self.has_run)
    }

    /// Removes a second text that no longer counts, so that it does not confuse people.
    fn cut_off_second_text(&mut self, written: usize) {
        let end = self.end_of_run();
        let was_long = mem::replace(&mut self.is_long, written > end);
        if was_long && !self.is_long {
            // If that fails, it still does not count.
            let cut_off = || self.file.set_len(end as u64);
            let _ = retry(Syscall::Truncate, &self.file, cut_off);
        }
    }
}

/// Replaces the file by a new one with `text`; its other names keep the old one.
fn replace(spec: &FileSpec, text: &[u8], has_run: bool) -> io::Result<RecordFile> {
    file_size_limit::check(text.len())?;
    let temporary = temporary_file::path_beside(&spec.path);
    let file = create(&temporary, spec.permissions)?;
    let replaced = write(&file, text).and_then(|()| {
        retry(Syscall::Rename, temporary.as_path(), || fs::rename(&temporary, &spec.path))?;
        metadata(&file)
    });
    match replaced {
        Ok(metadata) => {
            let id = FileId::new(&spec.path, &metadata);
            let (head, not_writable, is_read) = (head_of(text), None, false);
            let is_long = text.len() > if has_run { 2 * SIZE } else { SIZE };
            Ok(RecordFile { file, id, not_writable, has_run, is_long, head, is_read })
        }
        Err(error) => {
            let _ = retry(Syscall::Remove, temporary.as_path(), || fs::remove_file(&temporary));
            Err(error)
        }
    }
}

/// The folder of the record at `path`, as [`Engine::location`](crate::engine::Engine::location) has it.
pub(super) fn folder_of(path: &Path) -> String {
    path.parent().unwrap_or(path).display().to_string()
}
