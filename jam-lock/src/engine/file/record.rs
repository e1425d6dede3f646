//! [`HolderRecord`]: the record of a claim, in the `.holder` file beside its lock file.
//!
//! A record has four parts. The *holder* is for people, and never decides anything. The
//! [abandonment mark](AbandonmentMark) and the [tokens](Tokens) are relied on: if one of them
//! cannot be read or written, the holder gets a `record_error`. The [last run](last_run) of a job is
//! relied on as well.
//!
//! The text of a record is in `format`; the file, which is overwritten in place, is in
//! `record_file`.

mod abandonment;
mod error;
mod file_size_limit;
mod format;
mod io;
mod last_run;
mod last_writer;
mod record_file;
mod record_text;
mod removal;
mod token_floor;
mod tokens;
mod waits;

use std::sync::Arc;
use std::time::{Duration, Instant};

use self::abandonment::{AbandonmentMark, Findings};
use self::error::written_by_another;
pub(super) use self::format::Record;
#[cfg(all(test, target_os = "linux"))]
pub(super) use self::format::Start;
use self::format::Template;
pub(super) use self::last_run::to_last_run;
use self::last_writer::LastWriter;
pub(super) use self::last_writer::SeenLock;
pub(super) use self::record_file::RecordFile;
pub(super) use self::record_text::{RecordText, read_record};
pub(super) use self::removal::{is_left_behind, remove};
pub(super) use self::token_floor::TokenFloor;
use self::tokens::{TOKEN_RESERVE, Tokens};
pub(super) use self::waits::read_waits;
use super::file_spec::FileSpec;
use crate::engine::{Mode, RecordError, Recorded, Usage};
use crate::error::LockError;
use crate::holder::Holder;
use crate::site::Site;
use crate::this_process::ThisProcess;
use crate::wall_clock::since_1970;

/// The holder record of one lock file.
pub(super) struct HolderRecord {
    spec: FileSpec,
    /// Where the tokens of a keyed name continue, whose files are removed.
    token_floor: Option<Arc<TokenFloor>>,
    file: Option<RecordFile>,
    template: Option<Template>,
    mark: AbandonmentMark,
    tokens: Tokens,
    /// Whether the last writer was recorded.
    is_recorded: bool,
    last_writer: LastWriter,
    /// When it was last seen that nobody else has written to the record.
    checked: Option<Instant>,
    /// Whether this claim has ever read its record.
    was_read: bool,
    /// When the run in progress began, since 1970.
    run_began: Duration,
    /// The last record whose holder was found dead, which need not be looked for again.
    found_dead: Option<Box<Record>>,
}

impl HolderRecord {
    pub(super) fn new(spec: FileSpec, token_floor: Option<Arc<TokenFloor>>) -> Self {
        Self {
            spec,
            token_floor,
            file: None,
            template: None,
            mark: AbandonmentMark::default(),
            tokens: Tokens::default(),
            is_recorded: false,
            last_writer: LastWriter::default(),
            checked: None,
            was_read: false,
            run_began: Duration::ZERO,
            found_dead: None,
        }
    }

    /// Gives a writer its token, and records it if there is a `site`.
    pub(super) fn record_writer(
        &mut self,
        site: Option<&Site>,
        usage: Usage<'_>,
        lock: Option<SeenLock<'_>>,
    ) -> Recorded {
        self.tokens.observe(usage.last_token);
        self.is_recorded = site.is_some();
        let start = site.map(|_| Instant::now());
        let findings = match (self.mark, start) {
            (AbandonmentMark::Unread, Some(start)) => self.read_as_writer(lock, start),
            _ => Ok(Findings::default()),
        };
        let now = since_1970();
        let token = self.tokens.next_writer(now);
        let (findings, mut record_error) = match findings {
            Ok(mut findings) => {
                let error = findings.error.take().map(hides_nothing);
                (findings, error)
            }
            Err(error) => (Findings::default(), Some(error)),
        };
        let Findings { abandoned_by, unreleased_by, .. } = findings;
        let first = usage.abandoned_by.or(abandoned_by.as_deref());
        let recorded = match (site, start) {
            // A record that could not be read may have the mark, so it is not overwritten.
            _ if self.mark == AbandonmentMark::Unread => Ok(()),
            (Some(site), Some(start)) => self.write_holder(site, usage.permits, start, now, first),
            _ => self.write_unrecorded(first),
        };
        if let Err(error) = recorded {
            self.last_writer.forget();
            record_error.get_or_insert(hides_nothing(error));
        }
        let record_error = record_error.map(Box::new);
        let token_reserve = TOKEN_RESERVE;
        Recorded { token, token_reserve, abandoned_by, unreleased_by, record_error }
    }

    /// Gives a reader its token. It is not recorded, because there may be other readers.
    pub(super) fn record_reader(&mut self, is_recorded: bool, usage: Usage<'_>) -> Recorded {
        self.tokens.observe(usage.last_token);
        let was_read = self.mark != AbandonmentMark::Unread;
        let findings =
            if is_recorded && !was_read { self.read(false) } else { Ok(Findings::default()) };
        let (findings, record_error) = match findings {
            Ok(findings) => (findings, None),
            Err(error) => (Findings::default(), Some(error)),
        };
        let token = if findings.token.is_some() || was_read {
            self.tokens.reader()
        } else {
            self.tokens.reader_after_unknown_writers()
        };
        let Findings { abandoned_by, unreleased_by, error, .. } = findings;
        let record_error = record_error.or(error.map(hides_nothing)).map(Box::new);
        Recorded { token, token_reserve: 0, abandoned_by, unreleased_by, record_error }
    }

    /// Records that the lock is unused, although the process keeps its claim.
    pub(super) fn clear(&mut self, last_token: u64) {
        self.tokens.observe(last_token);
        // If that fails, the release tries again and reports the error.
        let _ = self.clear_mark();
    }

    /// Records how the lock is released, before another process can acquire it; `false` if another
    /// holder is recorded by now, whose record is left alone.
    pub(super) fn release(&mut self, mode: Mode, usage: Usage<'_>) -> Result<bool, LockError> {
        self.tokens.observe(usage.last_token);
        let result = match (mode, usage.abandoned_by) {
            // A reader leaves the record as it found it.
            (Mode::Shared, _) => Ok(true),
            (Mode::Exclusive, None) => self.clear_mark(),
            (Mode::Exclusive, Some(_)) if !self.is_recorded => Ok(true),
            (Mode::Exclusive, Some(holder)) => self.leave_abandoned(holder),
        };
        let is_free = usage.abandoned_by.is_none() && matches!(result, Ok(true));
        self.last_writer.released(is_free);
        self.mark = AbandonmentMark::Unread;
        result
    }

    /// Saves the last token of a keyed name before its files are removed; `false` if that fails.
    pub(super) fn save_token_floor(&self) -> bool {
        let floor = self.token_floor.as_ref().filter(|_| self.was_read);
        floor.is_none_or(|floor| floor.raise(self.tokens.last()).is_ok())
    }

    /// Closes the file, which Windows could not remove otherwise.
    pub(super) fn close(&mut self) {
        self.file = None;
    }

    /// Records the holder, and `first`, the holder that abandoned the lock before.
    fn write_holder(
        &mut self,
        site: &Site,
        permits: u16,
        start: Instant,
        since: Duration,
        first: Option<&Holder>,
    ) -> Result<(), LockError> {
        if self.was_written_by_another(start) {
            return Err(written_by_another(&self.spec.path));
        }
        let Some(file) = &mut self.file else { return Ok(()) };
        let fits = |template: &Template| template.site == *site && template.permits == permits;
        if !self.template.as_ref().is_some_and(fits) {
            let is_keyed = self.token_floor.is_some();
            self.template = Some(Template::new(&ThisProcess::get(), *site, permits, is_keyed));
        }
        let Some(template) = &mut self.template else { return Ok(()) };
        let token = self.tokens.last();
        let written = match first {
            None => file.write(&self.spec, template.fill(since, token)),
            Some(first) => {
                file.write(&self.spec, &template.fill_after_abandonment(first, since, token))
            }
        };
        self.note_written(written)
    }

    /// Records no holder, but `first`, the holder that abandoned the lock before.
    fn write_unrecorded(&mut self, first: Option<&Holder>) -> Result<(), LockError> {
        let is_own = match first {
            None => self.clear_mark(),
            Some(first) if self.mark == AbandonmentMark::Set => self.write_abandoned(first),
            Some(_) => Ok(true),
        }?;
        if is_own { Ok(()) } else { Err(written_by_another(&self.spec.path)) }
    }
}

/// A record error that hides no abandonment.
fn hides_nothing(error: LockError) -> RecordError {
    RecordError { error, may_hide_abandonment: false }
}

#[cfg(test)]
mod tests;
