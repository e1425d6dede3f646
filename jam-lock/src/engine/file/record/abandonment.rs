//! The abandonment mark of a lock: how a holder finds the one that died, and how it leaves a mark
//! for the next one.
//!
//! A record is marked while a writer holds the lock, and stays marked if the writer dies. The mark
//! is read before the record is overwritten; only a writer that has read it, and releases the lock
//! cleanly, clears it. A marked holder that lives has not
//! abandoned the lock.

use std::io::{self, ErrorKind};
use std::path::PathBuf;
use std::time::{Duration, Instant};

use super::HolderRecord;
use super::error::{foreign, io_error, unreadable};
use super::format::{self, Content, Record};
use super::io::Buffer;
use super::last_writer::SeenLock;
use super::record_file::RecordFile;
use crate::engine::RecordError;
use crate::engine::file::holder_lookup::LiveProcesses;
use crate::engine::file::lock_file::EXTENSION;
use crate::error::LockError;
use crate::holder::Holder;

/// How long after a check nobody else can have written to the record: other processes need longer to remove
/// the lock file, acquire the lock, and write.
const CHECKED_RECENTLY: Duration = Duration::from_micros(20);

/// What this process knows of the mark while it has the claim.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) enum AbandonmentMark {
    /// Nothing: the record has not been read since the claim was acquired, or could not be.
    #[default]
    Unread,
    /// There is none.
    Clear,
    /// There is one, for a holder of this process or for one that died before.
    Set,
}

/// The contents of the record when the claim is acquired.
#[derive(Default)]
pub(super) struct Findings {
    /// The first holder that died with the lock or left it abandoned, if no writer has recovered
    /// since.
    pub(super) abandoned_by: Option<Box<Holder>>,
    /// The recorded holder, if it lives and has not released the lock.
    pub(super) unreleased_by: Option<Box<Holder>>,
    /// The token in the record, if that can be read.
    pub(super) token: Option<u64>,
    /// An error that hides no abandonment.
    pub(super) error: Option<LockError>,
}

impl HolderRecord {
    /// Prepares the record for a writer: reads what other processes have recorded, unless none has
    /// since this one did, and creates a record if there is none.
    pub(super) fn read_as_writer(
        &mut self,
        lock: Option<SeenLock<'_>>,
        now: Instant,
    ) -> Result<Findings, RecordError> {
        self.checked = Some(now);
        if let Some(file) = &mut self.file {
            if self.last_writer.is_this_process(lock, now) {
                file.note_unchanged();
                self.mark = AbandonmentMark::Clear;
                return Ok(Findings { token: Some(self.tokens.last()), ..Findings::default() });
            }
        }
        let last_token = self.tokens.last();
        let mut findings = self.read(true)?;
        self.last_writer.looked(now);
        let is_own = self.mark == AbandonmentMark::Clear && findings.token == Some(last_token);
        if let Err(error) = self.last_writer.before_write(lock, is_own) {
            let operation = "set the modification time of";
            findings.error.get_or_insert(io_error(operation, &self.lock_path(), error));
        }
        Ok(findings)
    }

    /// Whether another holder has written to the record since it was last read or written here.
    pub(super) fn was_written_by_another(&mut self, now: Instant) -> bool {
        if self.checked.is_some_and(|checked| now.duration_since(checked) < CHECKED_RECENTLY) {
            return false;
        }
        let was_written = self.file.as_ref().is_some_and(RecordFile::was_written_by_another);
        self.checked = (!was_written).then_some(now);
        was_written
    }

    fn lock_path(&self) -> PathBuf {
        self.spec.path.with_extension(EXTENSION)
    }

    /// Reads what other processes have recorded; if there is no record, a writer creates one.
    pub(super) fn read(&mut self, is_writer: bool) -> Result<Findings, RecordError> {
        self.was_read = true;
        if let Some(error) = self.open(is_writer)? {
            self.mark = AbandonmentMark::Clear;
            return Ok(Findings { error: Some(error), ..self.read_token_floor() });
        }
        let path = &self.spec.path;
        let mut buffer = Buffer::new();
        let content = match self.file.as_mut().map(|file| file.read(&mut buffer)) {
            None => Content::Empty,
            Some(Ok(bytes)) => Content::parse(bytes),
            Some(Err(error)) => {
                self.file = None;
                return Err(unreadable(path, error));
            }
        };
        let record = match content {
            Content::Empty => {
                self.mark = AbandonmentMark::Clear;
                return Ok(self.read_token_floor());
            }
            Content::Foreign => {
                self.file = None;
                return Err(unreadable(path, foreign()));
            }
            Content::Record(record) => record,
        };
        let is_clean = record.is_clean();
        self.mark = if is_clean { AbandonmentMark::Clear } else { AbandonmentMark::Set };
        let token = record.token;
        match token {
            Some(token) if is_clean => self.tokens.observe(token),
            Some(token) => self.tokens.observe_abandoned(token),
            None => {}
        }
        let error = token.is_none().then(|| self.no_token());
        let (abandoned_by, unreleased_by) = self.former_holders(record);
        Ok(Findings { abandoned_by, unreleased_by, token, error })
    }

    /// The holder that abandoned the lock, and the one that has not released it, by this record.
    fn former_holders(&mut self, record: Record) -> (Option<Box<Holder>>, Option<Box<Holder>>) {
        if record.holder.is_none() || self.found_dead.as_deref() == Some(&record) {
            return (record.abandoned_by_if_free().map(Box::new), None);
        }
        if LiveProcesses::default().has_not_released(&record, &self.lock_path()) {
            let Record { holder, abandoned_by, .. } = record;
            let unreleased_by = holder.map(|(holder, _)| holder.not_released());
            return (abandoned_by.map(Box::new), unreleased_by.map(Box::new));
        }
        self.found_dead = Some(Box::new(record.clone()));
        (record.abandoned_by_if_free().map(Box::new), None)
    }

    /// Opens the record file, unless the one that is open is still in its place. Returns why a
    /// writer could not create it, which hides no abandonment.
    fn open(&mut self, is_writer: bool) -> Result<Option<LockError>, RecordError> {
        if self.file.as_ref().is_some_and(|file| file.is_in_place(&self.spec.path)) {
            return Ok(None);
        }
        self.file = None;
        match RecordFile::open(&self.spec, is_writer) {
            Err(RecordError { error, may_hide_abandonment: false }) => Ok(Some(error)),
            opened => {
                self.file = opened?;
                Ok(None)
            }
        }
    }

    /// The findings without a record.
    fn read_token_floor(&mut self) -> Findings {
        let error = match self.token_floor.as_ref().map(|floor| floor.get()) {
            None => None,
            Some(Ok(token)) => {
                self.tokens.observe(token);
                None
            }
            Some(Err(error)) => Some(error),
        };
        Findings { error, ..Findings::default() }
    }

    fn no_token(&self) -> LockError {
        let text = "it is damaged, so tokens continue from the clock";
        io_error("read the last token in", &self.spec.path, io::Error::other(text))
    }

    /// Clears the mark, if one was read or written; `false` if another holder's is there instead.
    pub(super) fn clear_mark(&mut self) -> Result<bool, LockError> {
        if self.mark != AbandonmentMark::Set {
            return Ok(true);
        }
        if self.was_written_by_another(Instant::now()) {
            return Ok(false);
        }
        let Some(file) = &mut self.file else { return Ok(true) };
        let text = format::released_line(self.tokens.last());
        // Otherwise, the next holder would be told that this one has died.
        let is_there = match file.write(&self.spec, &text) {
            Ok(()) => true,
            Err(error) => file.replace_or_remove(&self.spec, &text, error)?,
        };
        if !is_there {
            self.file = None;
        }
        self.mark = AbandonmentMark::Clear;
        Ok(true)
    }

    /// Leaves the mark for the next holder: the lock was abandoned by `holder`; `false` if another
    /// holder's is there instead.
    pub(super) fn leave_abandoned(&mut self, holder: &Holder) -> Result<bool, LockError> {
        let result = self.write_abandoned(holder);
        // If it could not be written, the mark that is set is that of this holder or of a later
        // one.
        if result.is_err() && self.mark == AbandonmentMark::Set { Ok(true) } else { result }
    }

    /// Records that `holder` abandoned the lock, which is free; `false` if another holder is
    /// recorded.
    pub(super) fn write_abandoned(&mut self, holder: &Holder) -> Result<bool, LockError> {
        let Some(file) = self.file.as_mut().filter(|_| self.mark != AbandonmentMark::Unread) else {
            let text = "it could not be read or created when the lock was acquired";
            let operation = "record that the lock was left abandoned in";
            return Err(io_error(operation, &self.spec.path, io::Error::other(text)));
        };
        if file.was_written_by_another() {
            return Ok(false);
        }
        let is_keyed = self.token_floor.is_some();
        let text = format::abandoned_record(holder, self.tokens.last(), is_keyed);
        let written = file.write(&self.spec, &text);
        self.note_written(written).map(|()| true)
    }

    /// Notes that the mark was written, even if only a part of the record was.
    pub(super) fn note_written(&mut self, written: Result<(), LockError>) -> Result<(), LockError> {
        let is_partial = |error: &LockError| match error {
            LockError::Io { error, .. } => error.kind() == ErrorKind::WriteZero,
            _ => false,
        };
        if written.as_ref().err().is_none_or(is_partial) {
            self.mark = AbandonmentMark::Set;
        }
        written
    }
}
