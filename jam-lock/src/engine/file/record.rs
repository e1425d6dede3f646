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
//! ```
//! It has always the same size, and is written as a whole when somebody takes the lock. A release
//! writes the first line alone, which then says `free`; what follows tells of the last holder. The
//! check covers all lines before it, as they were when the record was written: a reader takes a
//! text that it does not fit for no record. The kind is told of a keyed name alone, the
//! place of who acquires it in a source file.

mod date;
mod draft;
#[cfg(all(test, not(shuttle)))]
mod fuzzing;

use std::ops::Range;
use std::str;
use std::time::SystemTime;

use crate::holder::Holder;
use crate::wall_clock::since_1970;

pub(super) use self::draft::{Draft, free};

/// The size of a record in bytes, spaces at its end included.
pub(super) const SIZE: usize = 640;

/// What every record starts with, and no other file.
const MAGIC: &str = "jam-lock 1 ";

/// No token is as great, for hundreds of years; what claims to be one is none.
const TOKEN_LIMIT: u64 = 9_000_000_000_000_000_000;

/// What stands in a record.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Record {
    /// The last token that it was written for.
    pub(super) token: u64,
    /// Who is marked as the holder, and when its process started.
    pub(super) holder: Option<(Holder, Option<u64>)>,
}

/// Where the first line says `held` or `free`.
const STATE: Range<usize> = 11..15;

/// Where the token stands in it.
const TOKEN: Range<usize> = 22..41;

/// Where the time stands in the second line.
const SINCE: Range<usize> = 52..79;

/// The line of a keyed name, with the end of the one before.
const KEYED: &str = "\nkind      keyed\n";

/// What the line of the check starts with.
const CHECK: &str = "check     ";

/// Writes the last digits of `number` to the end of `room`, and `padding` in front of them.
fn fill(room: &mut [u8], mut number: u64, padding: u8) {
    for (at, digit) in room.iter_mut().rev().enumerate() {
        let is_digit = at == 0 || number > 0;
        *digit = if is_digit { b'0' + (number % 10) as u8 } else { padding };
        number /= 10;
    }
}

impl Record {
    /// Understands `bytes`, or nothing of them.
    pub(super) fn parse(bytes: &[u8]) -> Option<Self> {
        // The place of everything is known, and this is done at each acquisition.
        let line = bytes.get(..=TOKEN.end)?;
        let fits = line.starts_with(MAGIC.as_bytes())
            && line[STATE.end..TOKEN.start] == *b" token "
            && line[TOKEN.end] == b'\n';
        let is_held = match &line[STATE] {
            b"held" => true,
            b"free" => false,
            _ => return None,
        };
        let token = number(&line[TOKEN]).filter(|token| fits && *token < TOKEN_LIMIT)?;
        let holder = if is_held { Some(holder(bytes, token)?) } else { None };
        Some(Self { token, holder })
    }

    /// Whether a file with these bytes is one that records are written to.
    pub(super) fn may_replace(bytes: &[u8]) -> bool {
        // After a power cut a file may have the size of what was not written.
        bytes.starts_with(MAGIC.as_bytes()) || bytes.iter().all(|byte| *byte == 0)
    }

    /// Whether `bytes` are a record of a lock that was used by a keyed name.
    ///
    /// The check does not cover a release, but no other name has this line ever written.
    pub(super) fn is_of_keyed_name(bytes: &[u8]) -> bool {
        let lines = bytes.windows(KEYED.len()).any(|line| line == KEYED.as_bytes());
        lines && Self::parse(bytes).is_some()
    }

    /// Whether nobody would miss it: nobody died, and who starts anew with the clock does not give
    /// out a token again.
    pub(super) fn is_expendable(&self) -> bool {
        self.holder.is_none() && u128::from(self.token) < since_1970().as_nanos()
    }
}

/// The number that stands at the end of `room`, behind spaces.
fn number(room: &[u8]) -> Option<u64> {
    let digits = room.trim_ascii_start();
    let is_number = !digits.is_empty() && digits.iter().all(u8::is_ascii_digit);
    // Nineteen digits have room in it.
    is_number.then(|| digits.iter().fold(0, |number, digit| number * 10 + u64::from(digit - b'0')))
}

/// Who holds the lock, if the whole record fits its check.
fn holder(bytes: &[u8], token: u64) -> Option<(Holder, Option<u64>)> {
    let mut holder = Holder { token: Some(token), ..Holder::default() };
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
            "check" => {
                let is_whole = u64::from_str_radix(value.trim_end(), 16).ok()?;
                return (is_whole == check(&bytes[..covered])).then_some((holder, started));
            }
            // A later version may say more.
            _ => {}
        }
    }
}

fn first_line(bytes: &[u8]) -> Option<(&str, &[u8])> {
    let end = bytes.iter().position(|byte| *byte == b'\n')?;
    Some((str::from_utf8(&bytes[..end]).ok()?, &bytes[end + 1..]))
}

/// A sum of all bytes and their places: not against forgers, but against a text of which only parts
/// were written.
fn check(bytes: &[u8]) -> u64 {
    bytes.chunks(8).fold(0xcbf2_9ce4_8422_2325, |sum, chunk| {
        let mut word = [0; 8];
        word[..chunk.len()].copy_from_slice(chunk);
        (sum ^ u64::from_le_bytes(word)).wrapping_mul(0x9e37_79b9_7f4a_7c15).rotate_left(23)
    })
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use proptest::prelude::*;

    use super::*;
    use crate::site::Site;
    use crate::this_process::ThisProcess;

    fn text() -> String {
        let here = ThisProcess {
            id: 4242,
            started: Some(2_522_844),
            program: Some("invoiced".to_owned()),
            host: Some("app1".to_owned()),
        };
        let site = Site::here().within("app::on_apply");
        draft::render(
            &here,
            site,
            Duration::from_micros(1_764_012_371_123_456),
            1_764_012_371_123_456_789,
        )
    }

    /// The record above, released.
    fn released() -> String {
        let (text, head) = (text(), free(1_764_012_371_123_456_791));
        format!("{}{}", str::from_utf8(&head).unwrap(), &text[head.len()..])
    }

    #[test]
    fn what_was_written_is_read() {
        let text = text();
        assert_eq!(text.len(), SIZE);
        let record = Record::parse(text.as_bytes()).unwrap();
        assert_eq!(record.token, 1_764_012_371_123_456_789);
        let (holder, started) = record.holder.unwrap();
        assert_eq!(started, Some(2_522_844));
        let line = holder.line().unwrap();
        assert_eq!(
            holder.to_string(),
            format!("`on_apply` at {}:{line}, invoiced (pid 4242) on app1", file!())
        );
        let since = SystemTime::UNIX_EPOCH + Duration::from_micros(1_764_012_371_123_456);
        assert_eq!(holder.since(), Some(since));
    }

    #[test]
    fn what_has_no_place_is_read_without_one() {
        let site = Site::nowhere("sh -c app::backup");
        let mut draft = Draft::new(&ThisProcess::get(), site, true);
        let text = draft.of(Duration::ZERO, 7);
        assert_eq!(text.len(), SIZE);
        let (holder, _) = Record::parse(text).unwrap().holder.unwrap();
        assert_eq!(holder.function(), Some("sh -c app::backup"));
        assert_eq!((holder.file(), holder.line()), (None, None));
    }

    #[test]
    fn a_release_leaves_the_token_and_no_holder() {
        let record = Record::parse(released().as_bytes()).unwrap();
        assert_eq!(record, Record { token: 1_764_012_371_123_456_791, holder: None });
    }

    #[test]
    fn a_keyed_name_is_told_even_after_a_release() {
        let mut draft = Draft::new(&ThisProcess::get(), Site::here(), true);
        let mut text = draft.of(Duration::ZERO, 7).to_owned();
        assert!(Record::is_of_keyed_name(&text) && Record::parse(&text).unwrap().holder.is_some());
        let head = free(9);
        text[..head.len()].copy_from_slice(&head);
        assert!(Record::is_of_keyed_name(&text));
        for other in [self::text(), released(), KEYED.to_owned()] {
            assert!(!Record::is_of_keyed_name(other.as_bytes()), "{other}");
        }
    }

    #[test]
    fn a_file_of_somebody_else_is_left_to_them() {
        assert!(Record::may_replace(text().as_bytes()));
        assert!(Record::may_replace(released().as_bytes()));
        assert!(Record::may_replace(b""));
        assert!(Record::may_replace(&[0; 640]));
        assert!(!Record::may_replace(b"my own notes"));
        assert!(!Record::may_replace(b"jam"));
    }

    proptest! {
        #[test]
        fn a_text_of_which_a_part_was_written_tells_no_holder(
            end in 0..SIZE,
            other in proptest::collection::vec(any::<u8>(), SIZE),
        ) {
            let whole = text().into_bytes();
            let torn = [&whole[..end], &other[end..]].concat();
            let is_padding = end >= text().trim_end().len();
            let found = Record::parse(&torn).and_then(|record| record.holder);
            prop_assert!(is_padding || found.is_none());
        }

        #[test]
        fn any_bytes_are_looked_at_without_a_panic(
            bytes in proptest::collection::vec(any::<u8>(), 0..2 * SIZE),
            head in "(jam-lock 1 (held|free) token {0,9}[0-9]{0,20}\n)?",
            lines in "((since|function|place|process|program|host|check|x)? {0,9}[ -~é]{0,30}\n){0,9}",
        ) {
            let _ = Record::parse(&bytes);
            let _ = Record::parse(&[head.as_bytes(), lines.as_bytes(), &bytes].concat());
        }
    }
}
