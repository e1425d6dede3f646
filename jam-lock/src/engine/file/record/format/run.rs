//! The text about the last run of a job. It follows the first text of the record, before that of an earlier
//! death.
//!
//! ```text
//! jam-lock 1 done token 1764012371123456789
//! since     2025-11-24T19:26:11.123456Z
//! every     3600.000000000
//! function  nightly
//! place     src/jobs.rs:42
//! process   4242
//! program   jobs
//! host      app1
//! check     8c3f0a5be1d2974f
//! ```
//!
//! It has the size of the others, and its place is taken before the first run begins, with a text that says
//! `none`: so the end of a run is one write into a file that does not grow. Only a run changes it. What is
//! neither of the two, nor a text of another kind, is a last run that is damaged.

use std::time::{Duration, SystemTime};

use super::template::{fill_up, push_line, push_program, push_site, write_check};
use super::{Fields, MAGIC, SIZE, STATE};
use crate::holder::Holder;
use crate::utc;

/// A run that has ended well, as it is recorded.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::engine::file) struct RecordedRun {
    /// Since 1970.
    pub(in crate::engine::file) began: Duration,
    pub(in crate::engine::file) period: Duration,
    pub(in crate::engine::file) holder: Holder,
}

impl RecordedRun {
    /// Whether the next run with the same period may begin.
    pub(in crate::engine::file) fn is_over(&self, now: Duration) -> bool {
        self.began.saturating_add(self.period) <= now
    }
}

/// What a record has in the place of the last run.
#[derive(Clone, Debug, PartialEq)]
pub(in super::super) enum RunText {
    /// There is no such place.
    Absent,
    /// No run has ended well.
    Empty,
    Run(RecordedRun),
    Damaged,
}

impl RunText {
    /// The one in the file with these `bytes`.
    pub(in super::super) fn of(bytes: &[u8]) -> Self {
        if end(bytes) == SIZE { Self::Absent } else { Self::parse(&bytes[SIZE..]) }
    }

    fn parse(bytes: &[u8]) -> Self {
        let fields = Fields::parse(bytes);
        match (bytes.get(STATE), fields) {
            (Some(b"none"), Some(_)) => Self::Empty,
            (Some(b"done"), Some(Fields { holder, every: Some(period), .. })) => {
                let since =
                    holder.since.and_then(|it| it.duration_since(SystemTime::UNIX_EPOCH).ok());
                since
                    .map_or(Self::Damaged, |began| Self::Run(RecordedRun { began, period, holder }))
            }
            _ => Self::Damaged,
        }
    }
}

/// Where the text of the last run ends, if there is one, or else the first text.
pub(in super::super) fn end(bytes: &[u8]) -> usize {
    let Some(behind) = bytes.get(SIZE..).filter(|behind| !behind.is_empty()) else { return SIZE };
    // Waits that no longer count may have left a dash.
    let is_of_waits = behind.starts_with(b"-") || state(behind) == Some(b"wait");
    if is_of_waits || state(behind) == Some(b"died") { SIZE } else { 2 * SIZE }
}

fn state(text: &[u8]) -> Option<&[u8]> {
    text.get(STATE).filter(|_| text.starts_with(MAGIC.as_bytes()))
}

/// The text that takes the place of the last run before there is one.
pub(in super::super) fn empty() -> Vec<u8> {
    filled(format!("{MAGIC}none token {:19}\n", 0))
}

/// The text of a run in the record with this token.
pub(in super::super) fn text(run: &RecordedRun, token: u64) -> Vec<u8> {
    let RecordedRun { began, period, holder } = run;
    let mut text = format!("{MAGIC}done token {token:19}\n");
    push_line(&mut text, "since", &String::from_utf8_lossy(&utc::format(*began)));
    let (seconds, nanoseconds) = (period.as_secs(), period.subsec_nanos());
    push_line(&mut text, "every", &format_args!("{seconds}.{nanoseconds:09}"));
    push_site(&mut text, holder.function.as_deref(), holder.file.as_deref().zip(holder.line));
    if let Some(process) = holder.process {
        push_line(&mut text, "process", &process);
    }
    push_program(&mut text, holder.program.as_deref(), holder.host.as_deref());
    filled(text)
}

fn filled(text: String) -> Vec<u8> {
    let (mut text, check) = fill_up(text, false);
    write_check(&mut text, check);
    text
}

/// Parses what `text` writes.
pub(super) fn parse_period(text: &str) -> Option<Duration> {
    let (seconds, nanoseconds) = text.split_once('.')?;
    let nanoseconds = nanoseconds.parse().ok().filter(|it| *it < 1_000_000_000)?;
    Some(Duration::new(seconds.parse().ok()?, nanoseconds))
}

#[cfg(all(test, not(shuttle)))]
mod tests;
