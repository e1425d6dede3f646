//! The text about what the owner of a held lock waits for. It follows the texts of the record.
//!
//! ```text
//! jam-lock 1 wait token 1764012371123456789
//! wait      1764012401000000000
//! lock      stock
//! location  /srv/other/locks
//! since     2025-11-24T19:26:41.000000Z
//! function  on_apply
//! place     src/invoices.rs:45
//! check     8c3f0a5be1d2974f
//! ```
//!
//! It counts only with the token of the record before it, so that what a killed process has left is
//! not taken for that of the next holder. `location` is left out if it is the folder of the record. A
//! task may wait for several locks: each has its lines, from `wait` on. Earlier versions ignore the
//! text, and cut it off with the first record that they write.

use std::fmt::Write;
use std::time::{Duration, SystemTime};

use super::template::{push_line, push_site};
use super::{CHECK, MAGIC, MAX_LEN, SIZE, check_of, split_line};
use crate::engine::RecordedWait;
use crate::utc;

/// How much of a file is read to find the waits.
pub(in super::super) const MAX_FILE: usize = MAX_LEN + MAX_TEXT;

/// More than the waits for several locks need; those that do not fit are left out.
const MAX_TEXT: usize = 1 << 14;

/// The text about `waits`, for the record with this token in `folder`.
pub(in super::super) fn text(token: u64, waits: &[RecordedWait], folder: &str) -> Vec<u8> {
    let mut text = first_line(token);
    for wait in waits {
        let before = text.len();
        push_wait(&mut text, wait, folder);
        // There has to be room for the check.
        if text.len() + 2 * CHECK.len() + 16 > MAX_TEXT {
            text.truncate(before);
        }
    }
    let check = check_of(text.as_bytes());
    // Writing to a `String` does not fail.
    let _ = writeln!(text, "{CHECK}{check:016x}");
    text.into_bytes()
}

fn first_line(token: u64) -> String {
    format!("{MAGIC}wait token {token:19}\n")
}

fn push_wait(text: &mut String, wait: &RecordedWait, folder: &str) {
    push_line(text, "wait", &wait.number);
    push_line(text, "lock", &wait.name);
    if wait.location != folder {
        // One that has a line break of its own could not be opened anyway.
        push_line(text, "location", &wait.location.replace(char::is_control, "?"));
    }
    let since = wait.since.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    push_line(text, "since", &String::from_utf8_lossy(&utc::format(since)));
    push_site(text, wait.function.as_deref(), wait.file.as_deref().zip(wait.line));
}

/// The waits that a file with these `bytes` has for the record with this token in `folder`.
pub(in super::super) fn parse(bytes: &[u8], token: u64, folder: &str) -> Vec<RecordedWait> {
    let mut texts = [SIZE, 2 * SIZE, MAX_LEN].into_iter().filter_map(|start| bytes.get(start..));
    texts.find_map(|text| parse_text(text, token, folder)).unwrap_or_default()
}

fn parse_text(bytes: &[u8], token: u64, folder: &str) -> Option<Vec<RecordedWait>> {
    let mut rest = bytes.strip_prefix(first_line(token).as_bytes())?;
    let mut waits = Vec::new();
    loop {
        let covered = bytes.len() - rest.len();
        let (line, after) = split_line(rest)?;
        rest = after;
        let (name, value) = line.split_once(' ')?;
        let value = value.trim();
        match name {
            "wait" => waits.push(new_wait(value.parse().ok()?, folder)),
            "check" => {
                let check = u64::from_str_radix(value, 16).ok()?;
                let is_whole = check == check_of(&bytes[..covered]);
                return (is_whole && waits.iter().all(is_complete)).then_some(waits);
            }
            _ => read_line(waits.last_mut()?, name, value)?,
        }
    }
}

fn new_wait(number: u64, folder: &str) -> RecordedWait {
    RecordedWait {
        number,
        name: String::new(),
        location: folder.to_owned(),
        since: SystemTime::UNIX_EPOCH,
        function: None,
        file: None,
        line: None,
    }
}

fn read_line(wait: &mut RecordedWait, name: &str, value: &str) -> Option<()> {
    match name {
        "lock" => value.clone_into(&mut wait.name),
        "location" => value.clone_into(&mut wait.location),
        "since" => wait.since = SystemTime::UNIX_EPOCH.checked_add(utc::parse(value)?)?,
        "function" => wait.function = Some(value.to_owned()),
        "place" => {
            let (file, line) = value.rsplit_once(':')?;
            (wait.file, wait.line) = (Some(file.to_owned()), Some(line.parse().ok()?));
        }
        // A later version may add lines.
        _ => {}
    }
    Some(())
}

fn is_complete(wait: &RecordedWait) -> bool {
    !wait.name.is_empty() && wait.since > SystemTime::UNIX_EPOCH + Duration::ZERO
}

#[cfg(all(test, not(shuttle)))]
mod tests;
