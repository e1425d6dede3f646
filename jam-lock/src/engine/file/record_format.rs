//! The text of a holder record, which a person can read as well.
//!
//! ```text
//! jam-lock 1 held token 1764012371123456789
//! since     2025-11-24T19:26:11.123456Z
//! function  on_apply
//! place     src/invoices.rs:42
//! process   4242 started 2522844
//! program   invoiced
//! host      app1
//! kind      keyed
//! check     8c3f0a5be1d2974f
//! first     e1d2974f8c3f0a5b
//! ```
//! Three things share it: who holds the lock, for people; the abandonment mark, which is the first
//! line's `held` or `died`; and the last token. It has always the same size, and is written as a
//! whole when somebody takes the lock. A release writes the first line alone, which then says
//! `free`; what follows is about the last holder. `died` instead is a lock that was left abandoned
//! by somebody who may be alive.
//!
//! A holder that found the lock abandoned keeps the first death: a second text of that size, with
//! `died`, follows its own, and counts where the line `first` has that one's check.
//!
//! The check covers all lines before it, as if the first one said `held`. A text that does not fit
//! it is the mark of a holder of whom nothing is known. The kind is written for a keyed name alone,
//! the place where a source file acquires the lock.

mod date;
mod draft;
#[cfg(all(test, not(shuttle)))]
mod fuzzing;

use std::ops::Range;
use std::str;
use std::time::SystemTime;

use crate::holder::Holder;

pub(super) use self::draft::{Draft, died, free};

/// The size of a text in bytes, spaces at its end included.
const SIZE: usize = 640;

/// How much of a file counts: two texts.
pub(super) const ROOM: usize = 2 * SIZE;

/// What every record starts with, and no other file.
const MAGIC: &str = "jam-lock 1 ";

/// No token is as great, for hundreds of years; what claims to be one is none.
const TOKEN_LIMIT: u64 = 9_000_000_000_000_000_000;

/// What a file in the place of a record has.
#[derive(Debug, PartialEq)]
#[expect(clippy::large_enum_variant, reason = "there is one at a time, at each acquisition")]
pub(super) enum Content {
    /// Nothing that was ever written: after a power cut a file may have the size of what was not.
    Nothing,
    Record(Record),
    /// Something of somebody else's.
    Foreign,
}

/// What stands in a record.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Record {
    /// The last token that it was written for, if that can be read.
    pub(super) token: Option<u64>,
    /// Who is marked as inside, and when its process started.
    pub(super) holder: Option<(Holder, Option<u64>)>,
    /// The first who died or left the lock abandoned before, of which nobody has recovered.
    pub(super) died: Option<Holder>,
}

/// Where the first line says `held`, `free` or `died`.
const STATE: Range<usize> = 11..15;

/// Where the token stands in it.
const TOKEN: Range<usize> = 22..41;

/// Where the time stands in the second line.
const SINCE: Range<usize> = 52..79;

/// The line of a keyed name, with the end of the one before.
const KEYED: &str = "\nkind      keyed\n";

/// What the line of the check starts with.
const CHECK: &str = "check     ";

/// What the line starts with that has the check of the second text.
const FIRST: &str = "first     ";

/// Writes the last digits of `number` to the end of `room`, and `padding` in front of them.
fn fill(room: &mut [u8], mut number: u64, padding: u8) {
    for (at, digit) in room.iter_mut().rev().enumerate() {
        let is_digit = at == 0 || number > 0;
        *digit = if is_digit { b'0' + (number % 10) as u8 } else { padding };
        number /= 10;
    }
}

impl Content {
    /// What `bytes`, the start of a file, are.
    pub(super) fn of(bytes: &[u8]) -> Self {
        if bytes.iter().all(|byte| *byte == 0) {
            Self::Nothing
        } else if bytes.starts_with(MAGIC.as_bytes()) {
            Self::Record(Record::of(bytes))
        } else {
            Self::Foreign
        }
    }
}

impl Record {
    fn of(bytes: &[u8]) -> Self {
        let token = token(bytes);
        let state = bytes.get(STATE);
        if state == Some(b"free") {
            return Self { token, ..Self::default() };
        }
        // Whatever was written in part, or by a later version, marks that somebody was inside.
        let unknown = Self { token, holder: None, died: Some(Holder::default()) };
        let Some(Text { holder, started, behind, .. }) = Text::of(bytes) else { return unknown };
        match state {
            Some(b"held") => {
                let holder = Holder { token, ..holder };
                Self { token, holder: Some((holder, started)), died: first(bytes, behind) }
            }
            Some(b"died") => Self { token, holder: None, died: Some(holder) },
            _ => unknown,
        }
    }

    /// Who died with the lock, if nobody holds it: the first of them.
    pub(super) fn first_death(self) -> Option<Holder> {
        let holder = self.holder.map(|(holder, _)| holder);
        self.died.or(holder)
    }

    /// Whether nobody has died of whom the next holder has to learn.
    pub(super) fn is_clean(&self) -> bool {
        self.holder.is_none() && self.died.is_none()
    }
}

/// Whether `bytes` are a record of a lock that was used by a keyed name.
///
/// The check does not cover a release, but no other name has this line ever written.
pub(super) fn is_of_keyed_name(bytes: &[u8]) -> bool {
    let is_record = matches!(Content::of(bytes), Content::Record(_));
    is_record && bytes.windows(KEYED.len()).any(|line| line == KEYED.as_bytes())
}

/// The token in the first line. The place of everything in it is known, and this is done at each
/// acquisition.
fn token(bytes: &[u8]) -> Option<u64> {
    let line = bytes.get(..=TOKEN.end)?;
    let fits = line[STATE.end..TOKEN.start] == *b" token " && line[TOKEN.end] == b'\n';
    number(&line[TOKEN]).filter(|token| fits && *token < TOKEN_LIMIT)
}

/// The number that stands at the end of `room`, behind spaces.
fn number(room: &[u8]) -> Option<u64> {
    let digits = room.trim_ascii_start();
    let is_number = !digits.is_empty() && digits.iter().all(u8::is_ascii_digit);
    // Nineteen digits have room in it.
    is_number.then(|| digits.iter().fold(0, |number, digit| number * 10 + u64::from(digit - b'0')))
}

/// The first death that a record of a holder keeps, where the lines `behind` its check say that it
/// does.
fn first(bytes: &[u8], behind: &[u8]) -> Option<Holder> {
    let (line, _) = first_line(behind)?;
    let expected = u64::from_str_radix(line.strip_prefix(FIRST)?.trim_end(), 16).ok();
    let second = bytes.get(SIZE..).filter(|second| second.get(STATE) == Some(b"died"));
    let text = second.and_then(Text::of).filter(|text| Some(text.check) == expected);
    Some(text.map(|text| text.holder).unwrap_or_default())
}

/// What the lines behind the first one say, if they fit their check.
struct Text<'bytes> {
    holder: Holder,
    started: Option<u64>,
    check: u64,
    behind: &'bytes [u8],
}

impl<'bytes> Text<'bytes> {
    fn of(bytes: &'bytes [u8]) -> Option<Self> {
        token(bytes)?;
        let mut holder = Holder::default();
        let mut started = None;
        let mut rest = bytes;
        loop {
            let covered = bytes.len() - rest.len();
            let (line, behind) = first_line(rest)?;
            rest = behind;
            let (name, value) = line.split_once(' ')?;
            let value = value.trim_start();
            match name {
                "since" => holder.since = SystemTime::UNIX_EPOCH.checked_add(date::parse(value)?),
                "function" => holder.function = Some(value.to_owned()),
                "place" => {
                    let (file, line) = value.rsplit_once(':')?;
                    (holder.file, holder.line) = (Some(file.to_owned()), Some(line.parse().ok()?));
                }
                "process" => {
                    let (id, start) = value.split_once(" started ").unzip();
                    holder.process = Some(id.unwrap_or(value).parse().ok()?);
                    started = start.map(str::parse).transpose().ok()?;
                }
                "program" => holder.program = Some(value.to_owned()),
                "host" => holder.host = Some(value.to_owned()),
                "token" => holder.token = Some(value.parse().ok()?),
                "check" => {
                    let check = u64::from_str_radix(value.trim_end(), 16).ok()?;
                    let is_whole = check == check_of(&bytes[..covered]);
                    return is_whole.then_some(Self { holder, started, check, behind });
                }
                // A later version may say more.
                _ => {}
            }
        }
    }
}

fn first_line(bytes: &[u8]) -> Option<(&str, &[u8])> {
    let end = bytes.iter().position(|byte| *byte == b'\n')?;
    Some((str::from_utf8(&bytes[..end]).ok()?, &bytes[end + 1..]))
}

/// A sum of all bytes and their places, but for the state: not against forgers, but against a text
/// of which only parts were written.
fn check_of(bytes: &[u8]) -> u64 {
    let is_state = |at: &usize| STATE.contains(at);
    let byte = |at: usize| if is_state(&at) { b"held"[at - STATE.start] } else { bytes[at] };
    (0..bytes.len()).step_by(8).fold(0xcbf2_9ce4_8422_2325, |sum, start| {
        let mut word = [0; 8];
        if start < STATE.end {
            word.iter_mut().zip(start..bytes.len()).for_each(|(to, at)| *to = byte(at));
        } else {
            let chunk = &bytes[start..bytes.len().min(start + 8)];
            word[..chunk.len()].copy_from_slice(chunk);
        }
        (sum ^ u64::from_le_bytes(word)).wrapping_mul(0x9e37_79b9_7f4a_7c15).rotate_left(23)
    })
}

#[cfg(test)]
mod tests;
