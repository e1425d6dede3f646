//! The text of a holder record, for programs and for people.
//!
//! ```text
//! jam-lock 1 held token 1764012371123456789
//! since     2025-11-24T19:26:11.123456Z
//! function  on_apply
//! place     src/invoices.rs:42
//! process   4242 started 2522844
//! boot      3f2c9a1b
//! program   invoiced
//! host      app1
//! permits   3
//! kind      keyed
//! check     8c3f0a5be1d2974f
//! first     e1d2974f8c3f0a5b
//! ```
//!
//! - **One write of constant size.** An acquisition overwrites the whole text in place: a full disk
//!   does not matter, and nothing of an older record is left. Spaces at the ends of the lines,
//!   which a terminal does not show and a reader ignores, fill it up to [`SIZE`].
//! - **Release.** It overwrites the first line only, which then says `free`; the other lines are
//!   about the last holder. `died` means that the lock was left abandoned by a holder that may be
//!   alive.
//! - **First abandonment.** A holder that found the lock abandoned keeps the record of that:
//!   another text of the same size, with `died`, follows its own, and counts if the line `first`
//!   has its check. It is cut off once a writer has recovered.
//! - **Check.** It covers all lines before it, with the first one taken as `held`. A text that does
//!   not fit its check is the mark of an unknown holder: it was written in part, or by a later
//!   version.
//! - **Last run.** For a job that runs at most every so often, the record of its last run, of the same
//!   size, comes directly behind the first text: [`run`].
//! - **Waits.** While the owner of the lock waits for another one, a text about that follows the
//!   others: [`waits`].
//! - **Optional lines.** `kind` is only written for a keyed name, `permits` only for a name with more
//!   than one, `place` only if the lock was
//!   acquired in a source file, the others if they are known.

#[cfg(all(test, not(shuttle)))]
mod fuzzing;
pub(super) mod run;
mod template;
pub(super) mod waits;

use std::ops::Range;
use std::str;
use std::time::{Duration, SystemTime};

pub(in crate::engine::file) use self::run::RecordedRun;
pub(super) use self::run::RunText;
pub(super) use self::template::{Template, abandoned_record, released_line};
use crate::holder::Holder;
use crate::utc;

/// The size of a text in bytes, enough for the longest one.
pub(super) const SIZE: usize = 640;

/// How much of a file is read: the texts of a holder, of a last run and of an earlier death.
pub(super) const MAX_LEN: usize = 3 * SIZE;

/// What every record starts with, and no other file.
const MAGIC: &str = "jam-lock 1 ";

/// Greater than any token for hundreds of years; a greater number is not a token.
const TOKEN_LIMIT: u64 = 9_000_000_000_000_000_000;

/// Where the first line says `held`, `free` or `died`.
const STATE: Range<usize> = 11..15;

/// Where the first line has the token.
const TOKEN: Range<usize> = 22..41;

/// The length of the first line, which is all that a release writes.
pub(super) const RELEASED_SIZE: usize = TOKEN.end + 1;

/// Where the second line has the time.
const SINCE: Range<usize> = 52..79;

/// The line of a keyed name.
const KEYED: &str = "kind      keyed";

/// The start of the line with the check.
const CHECK: &str = "check     ";

/// The start of the line with the check of the second text.
const FIRST: &str = "first     ";

/// The content of a file in the place of a record.
#[derive(Debug, PartialEq)]
#[expect(clippy::large_enum_variant, reason = "there is one at a time, at each acquisition")]
pub(super) enum Content {
    /// Nothing was ever written; after a power cut, zeros may take the place of lost data.
    Empty,
    Record(Record),
    /// The file is no record.
    Foreign,
}

/// A parsed record.
#[derive(Clone, Debug, Default, PartialEq)]
pub(in crate::engine::file) struct Record {
    /// The last token that it was written for, if it can be read.
    pub(in crate::engine::file) token: Option<u64>,
    /// The recorded holder, and when its process started.
    pub(in crate::engine::file) holder: Option<(Holder, Start)>,
    /// The first holder that died with the lock or left it abandoned, if no writer has recovered
    /// since.
    pub(in crate::engine::file) abandoned_by: Option<Holder>,
    /// The last run of a job, if there is one that can be read.
    pub(in crate::engine::file) last_run: Option<RecordedRun>,
}

/// When a process started, as it has recorded itself: process ids are reused.
#[derive(Clone, Debug, Default, PartialEq)]
pub(in crate::engine::file) struct Start {
    /// In clock ticks since the boot.
    pub(in crate::engine::file) ticks: Option<u64>,
    pub(in crate::engine::file) boot: Option<String>,
}

impl Content {
    /// Parses `bytes`, the start of a file.
    pub(super) fn parse(bytes: &[u8]) -> Self {
        if bytes.iter().all(|byte| *byte == 0) {
            Self::Empty
        } else if bytes.starts_with(MAGIC.as_bytes()) {
            let last_run = match RunText::of(bytes) {
                RunText::Run(run) => Some(run),
                RunText::Absent | RunText::Empty | RunText::Damaged => None,
            };
            Self::Record(Record { last_run, ..Record::parse(bytes) })
        } else {
            Self::Foreign
        }
    }
}

impl Record {
    fn parse(bytes: &[u8]) -> Self {
        let token = token(bytes);
        let state = bytes.get(STATE);
        if state == Some(b"free") {
            return Self { token, ..Self::default() };
        }
        let abandoned_by = Some(Holder::default());
        let unknown = Self { token, abandoned_by, ..Self::default() };
        let Some(Fields { holder, start, rest, .. }) = Fields::parse(bytes) else {
            return unknown;
        };
        match state {
            Some(b"held") => {
                let holder = Holder { token, ..holder };
                let abandoned_by = first_abandonment(bytes, rest);
                Self { token, holder: Some((holder, start)), abandoned_by, ..Self::default() }
            }
            Some(b"died") => Self { token, abandoned_by: Some(holder), ..Self::default() },
            _ => unknown,
        }
    }

    /// The holder that abandoned the lock, if it is free: then a recorded holder has died.
    pub(in crate::engine::file) fn abandoned_by_if_free(self) -> Option<Holder> {
        let holder = self.holder.map(|(holder, _)| holder);
        self.abandoned_by.or(holder)
    }

    /// Whether the lock was released cleanly, or never held.
    pub(in crate::engine::file) fn is_clean(&self) -> bool {
        self.holder.is_none() && self.abandoned_by.is_none()
    }
}

/// Whether `bytes` are the record of a keyed name.
///
/// After a release the check no longer fits, but no other record ever has this line.
pub(super) fn is_of_keyed_name(bytes: &[u8]) -> bool {
    let mut lines = bytes.split_inclusive(|byte| *byte == b'\n');
    let is_keyed = |line: &[u8]| line.ends_with(b"\n") && line.trim_ascii_end() == KEYED.as_bytes();
    matches!(Content::parse(bytes), Content::Record(_)) && lines.any(is_keyed)
}

/// The token in the first line, which is at a fixed place because every acquisition reads it.
fn token(bytes: &[u8]) -> Option<u64> {
    let line = bytes.get(..=TOKEN.end)?;
    let fits = line[STATE.end..TOKEN.start] == *b" token " && line[TOKEN.end] == b'\n';
    parse_number(&line[TOKEN]).filter(|token| fits && *token < TOKEN_LIMIT)
}

/// The token in the first line, if it is that of a holder.
pub(super) fn held_token(bytes: &[u8]) -> Option<u64> {
    token(bytes).filter(|_| bytes.get(STATE) == Some(b"held"))
}

/// Parses the nineteen bytes of a number that is padded with spaces on the left.
fn parse_number(bytes: &[u8]) -> Option<u64> {
    let digits = bytes.trim_ascii_start();
    let is_number = !digits.is_empty() && digits.iter().all(u8::is_ascii_digit);
    // A `u64` has room for nineteen digits.
    is_number.then(|| digits.iter().fold(0, |number, digit| number * 10 + u64::from(digit - b'0')))
}

/// The first abandonment that the record of a holder keeps, if the line after its check has that
/// one's check; the lines after the check are `rest`.
fn first_abandonment(bytes: &[u8], rest: &[u8]) -> Option<Holder> {
    let (line, _) = split_line(rest)?;
    let expected = u64::from_str_radix(line.strip_prefix(FIRST)?.trim_end(), 16).ok();
    let second = bytes.get(run::end(bytes)..).filter(|second| second.get(STATE) == Some(b"died"));
    let fields = second.and_then(Fields::parse).filter(|fields| Some(fields.check) == expected);
    Some(fields.map(|fields| fields.holder).unwrap_or_default())
}

/// The lines of a text that fits its check.
struct Fields<'bytes> {
    holder: Holder,
    start: Start,
    check: u64,
    /// The period of a run.
    every: Option<Duration>,
    /// What follows the line with the check.
    rest: &'bytes [u8],
}

impl<'bytes> Fields<'bytes> {
    fn parse(bytes: &'bytes [u8]) -> Option<Self> {
        token(bytes)?;
        let mut holder = Holder { permits: Some(1), ..Holder::default() };
        let mut start = Start::default();
        let mut every = None;
        let mut rest = bytes;
        loop {
            let covered = bytes.len() - rest.len();
            let (line, after) = split_line(rest)?;
            rest = after;
            let (name, value) = line.split_once(' ')?;
            let value = value.trim();
            match name {
                "since" => holder.since = SystemTime::UNIX_EPOCH.checked_add(utc::parse(value)?),
                "function" => holder.function = Some(value.to_owned()),
                "place" => {
                    let (file, line) = value.rsplit_once(':')?;
                    (holder.file, holder.line) = (Some(file.to_owned()), Some(line.parse().ok()?));
                }
                "process" => {
                    let (id, ticks) = value.split_once(" started ").unzip();
                    holder.process = Some(id.unwrap_or(value).parse().ok()?);
                    start.ticks = ticks.map(str::parse).transpose().ok()?;
                }
                "boot" => start.boot = Some(value.to_owned()),
                "program" => holder.program = Some(value.to_owned()),
                "host" => holder.host = Some(value.to_owned()),
                "permits" => holder.permits = Some(value.parse().ok()?),
                "every" => every = Some(run::parse_period(value)?),
                "token" => holder.token = Some(value.parse().ok()?),
                "check" => {
                    let check = u64::from_str_radix(value, 16).ok()?;
                    let is_whole = check == check_of(&bytes[..covered]);
                    return is_whole.then_some(Self { holder, start, check, every, rest });
                }
                // A later version may add lines.
                _ => {}
            }
        }
    }
}

fn split_line(bytes: &[u8]) -> Option<(&str, &[u8])> {
    let end = bytes.iter().position(|byte| *byte == b'\n')?;
    Some((str::from_utf8(&bytes[..end]).ok()?, &bytes[end + 1..]))
}

/// A checksum of `bytes`, which begin with the first line, regardless of its state.
///
/// It is no protection against forgery, but shows that a text was written as a whole.
fn check_of(bytes: &[u8]) -> u64 {
    const START: u64 = 0xcbf2_9ce4_8422_2325;
    const HEAD: usize = STATE.end.next_multiple_of(8);
    let add = |sum: u64, word: &[u8]| {
        let mut padded = [0; 8];
        padded[..word.len()].copy_from_slice(word);
        let mixed = (sum ^ u64::from_le_bytes(padded)).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        mixed.rotate_left(23)
    };
    let (head, rest) = bytes.split_at(HEAD);
    let mut head: [u8; HEAD] = head.try_into().expect("it has this length");
    head[STATE].copy_from_slice(b"held");
    let sum = head.chunks_exact(8).fold(START, add);
    let words = rest.chunks_exact(8);
    let last = words.remainder();
    let sum = words.fold(sum, add);
    if last.is_empty() { sum } else { add(sum, last) }
}

#[cfg(test)]
mod tests;
