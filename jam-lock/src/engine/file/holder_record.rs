//! What one claim makes known beside its lock file: its record, which keeps three things.
//!
//! *Who holds the lock* is for people, and never decides anything. The [abandonment mark](Mark) and
//! the [tokens](Tokens) are relied on: where they cannot be read or written, whoever acquires the
//! lock learns that.

use std::io;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::handle::Place;
use super::mark::Mark;
use super::record_file::{RecordFile, Room, failed, is_foreign, unread};
use super::record_format::{self, Content, Draft};
use super::token_floor::TokenFloor;
use super::tokens::{Tokens, UNWRITTEN};
use crate::engine::{Mode, RecordError, Recorded, Usage};
use crate::error::LockError;
use crate::holder::Holder;
use crate::site::Site;
use crate::this_process::ThisProcess;
use crate::wall_clock::since_1970;

/// How long ago the lock was given back at the most, for its record to be where it was: others need
/// longer to take the lock, or to move the file.
const RECENTLY: Duration = Duration::from_micros(20);

/// The holder record of one lock file.
pub(super) struct Recorder {
    place: Place,
    /// Where a keyed name's tokens go on from; its files do not stay.
    floor: Option<Arc<TokenFloor>>,
    file: Option<RecordFile>,
    draft: Option<Draft>,
    mark: Mark,
    tokens: Tokens,
    /// Whether the last writer was to be made known.
    is_recorded: bool,
    /// When this process gave the lock back for the last time.
    written: Option<Instant>,
    /// Whether the record of this claim had any to do with this process.
    was_recorded: bool,
}

/// What was there when the claim was made.
#[derive(Default)]
struct Found {
    /// The first who died with the lock.
    died: Option<Box<Holder>>,
    has_token: bool,
    /// What does not keep a death from being known.
    error: Option<LockError>,
}

impl Recorder {
    pub(super) fn new(place: Place, floor: Option<Arc<TokenFloor>>) -> Self {
        Self {
            place,
            floor,
            file: None,
            draft: None,
            mark: Mark::default(),
            tokens: Tokens::default(),
            is_recorded: false,
            written: None,
            was_recorded: false,
        }
    }

    /// Gives a writer its token, and records it where there is a `site`.
    pub(super) fn publish_writer(&mut self, site: Option<&Site>, usage: Usage<'_>) -> Recorded {
        self.tokens.note(usage.last_token);
        self.is_recorded = site.is_some();
        let looked = match self.mark {
            Mark::Unread if site.is_some() => self.look(true),
            _ => Ok(Found::default()),
        };
        let now = since_1970();
        let token = self.tokens.writer(now);
        let (found, mut record_error) = match looked {
            Ok(Found { died, error, .. }) => (died, error.map(harmless)),
            Err(error) => (None, Some(error)),
        };
        let first = usage.abandoned_by.or(found.as_deref());
        let recorded = match site {
            // What could not be read may be the mark of a death.
            _ if self.mark == Mark::Unread => Ok(()),
            Some(site) => self.mark_holder(site, now, first),
            None => self.unmark_holder(first),
        };
        if let Err(error) = recorded {
            record_error.get_or_insert(harmless(error));
        }
        let record_error = record_error.map(Box::new);
        Recorded { token, token_reserve: UNWRITTEN, abandoned_by: found, record_error }
    }

    /// Gives a reader its token. A reader cannot record itself, because others may be reading too.
    pub(super) fn publish_reader(&mut self, is_recorded: bool, usage: Usage<'_>) -> Recorded {
        self.tokens.note(usage.last_token);
        let is_known = self.mark != Mark::Unread;
        let looked = if is_recorded && !is_known { self.look(false) } else { Ok(Found::default()) };
        let (found, record_error) = match looked {
            Ok(found) => (found, None),
            Err(error) => (Found::default(), Some(error)),
        };
        let token = if found.has_token || is_known {
            self.tokens.reader()
        } else {
            self.tokens.reader_after_anybody()
        };
        let record_error = record_error.or(found.error.map(harmless)).map(Box::new);
        Recorded { token, token_reserve: 0, abandoned_by: found.died, record_error }
    }

    /// Records that nobody holds the lock, although the process keeps its claim.
    pub(super) fn withdraw(&mut self, last: u64) {
        self.tokens.note(last);
        // Where that fails, it is done again, and told, when the lock is given back.
        let _ = self.clear();
    }

    /// Records how the lock is left behind, before others can have it.
    pub(super) fn release(&mut self, mode: Mode, usage: Usage<'_>) -> Result<(), LockError> {
        self.tokens.note(usage.last_token);
        let result = match (mode, usage.abandoned_by) {
            // What a reader has found stays as it is.
            (Mode::Shared, _) => Ok(()),
            (Mode::Exclusive, None) => self.clear(),
            (Mode::Exclusive, Some(_)) if !self.is_recorded => Ok(()),
            (Mode::Exclusive, Some(holder)) => self.leave_abandoned(holder),
        };
        self.mark = Mark::Unread;
        self.written = Some(Instant::now());
        result
    }

    /// Whether what a keyed name's tokens go on from is kept, when its files are removed.
    pub(super) fn leaves_its_tokens(&self) -> bool {
        let floor = self.floor.as_ref().filter(|_| self.was_recorded);
        floor.is_none_or(|floor| floor.raise(self.tokens.last()).is_ok())
    }

    /// Closes the file, which Windows would not let anybody remove else.
    pub(super) fn close(&mut self) {
        self.file = None;
    }

    /// Reads what others have left; a record is made where there is none, if it is to be written.
    fn look(&mut self, is_writer: bool) -> Result<Found, RecordError> {
        self.was_recorded = true;
        let path = &self.place.path;
        let is_recent = self.written.is_some_and(|written| written.elapsed() < RECENTLY);
        let is_in_place = |file: &RecordFile| {
            if is_recent { file.is_untouched() } else { file.is_in_place(path) }
        };
        if !self.file.as_ref().is_some_and(is_in_place) {
            self.file = None;
            self.file = match RecordFile::open(&self.place, is_writer) {
                Err(RecordError { error, may_hide_abandonment: false }) => {
                    self.mark = Mark::Clear;
                    return Ok(Found { error: Some(error), ..self.nothing() });
                }
                opened => opened?,
            };
        }
        let mut room = Room::new();
        let content = match self.file.as_ref().map(|file| file.read(&mut room)) {
            None => Content::Nothing,
            Some(Ok(bytes)) => Content::of(bytes),
            Some(Err(error)) => {
                self.file = None;
                return Err(unread(path, error));
            }
        };
        let record = match content {
            Content::Nothing => {
                self.mark = Mark::Clear;
                return Ok(self.nothing());
            }
            Content::Foreign => {
                self.file = None;
                return Err(unread(path, is_foreign()));
            }
            Content::Record(record) => record,
        };
        self.mark = Mark::found(!record.is_clean());
        let token = record.token;
        match token {
            Some(token) if record.is_clean() => self.tokens.note(token),
            Some(token) => self.tokens.note_of_the_dead(token),
            None => {}
        }
        let error = token.is_none().then(|| self.no_token());
        let died = record.first_death().map(Box::new);
        Ok(Found { died, has_token: token.is_some(), error })
    }

    /// What is found where there is no record.
    fn nothing(&mut self) -> Found {
        let error = match self.floor.as_ref().map(|floor| floor.get()) {
            None => None,
            Some(Ok(token)) => {
                self.tokens.note(token);
                None
            }
            Some(Err(error)) => Some(error),
        };
        Found { error, ..Found::default() }
    }

    fn no_token(&self) -> LockError {
        let text = "it is damaged, so tokens go on from the time";
        failed("read the last token in", &self.place.path, io::Error::other(text))
    }

    /// Records who is inside, and who has died there before.
    fn mark_holder(
        &mut self,
        site: &Site,
        since: Duration,
        first: Option<&Holder>,
    ) -> Result<(), LockError> {
        let Some(file) = &mut self.file else { return Ok(()) };
        if self.draft.as_ref().is_none_or(|draft| draft.site != *site) {
            let is_keyed = self.floor.is_some();
            self.draft = Some(Draft::new(&ThisProcess::get(), *site, is_keyed));
        }
        let Some(draft) = &mut self.draft else { return Ok(()) };
        let token = self.tokens.last();
        let written = match first {
            None => file.write(&self.place, draft.of(since, token)),
            Some(first) => file.write(&self.place, &draft.after(first, since, token)),
        };
        self.note(written)
    }

    /// Records nothing of who is inside, but who has died there before.
    fn unmark_holder(&mut self, first: Option<&Holder>) -> Result<(), LockError> {
        match first {
            None => self.clear(),
            Some(first) if self.mark == Mark::Standing => self.mark_death(first),
            Some(_) => Ok(()),
        }
    }

    /// Takes away the mark, if there is one that was read.
    fn clear(&mut self) -> Result<(), LockError> {
        let Some(file) = self.file.as_mut().filter(|_| self.mark == Mark::Standing) else {
            return Ok(());
        };
        file.write(&self.place, &record_format::free(self.tokens.last()))?;
        self.mark = Mark::Clear;
        Ok(())
    }

    /// Leaves the mark of who died first.
    fn leave_abandoned(&mut self, holder: &Holder) -> Result<(), LockError> {
        let result = self.mark_death(holder);
        // The mark that stands is that of the same death, or of who died after it.
        if self.mark == Mark::Standing { Ok(()) } else { result }
    }

    fn mark_death(&mut self, holder: &Holder) -> Result<(), LockError> {
        let Some(file) = self.file.as_mut().filter(|_| self.mark != Mark::Unread) else {
            let text = "it could not be read or made when the lock was acquired";
            let operation = "record that the lock was left abandoned in";
            return Err(failed(operation, &self.place.path, io::Error::other(text)));
        };
        let text = record_format::died(holder, self.tokens.last(), self.floor.is_some());
        let written = file.write(&self.place, &text);
        self.note(written)
    }

    /// Notes that a mark was written, or a part of it.
    fn note(&mut self, written: Result<(), LockError>) -> Result<(), LockError> {
        let is_in_part = |error: &LockError| matches!(error, LockError::Io { error, .. } if error.kind() == io::ErrorKind::WriteZero);
        if written.as_ref().err().is_none_or(is_in_part) {
            self.mark = Mark::Standing;
        }
        written
    }
}

/// What keeps no death from being known that was before.
fn harmless(error: LockError) -> RecordError {
    RecordError { error, may_hide_abandonment: false }
}

#[cfg(test)]
mod tests;
