//! Reads `/proc/locks`, Linux's list of file locks, by proc(5).

use std::fs::File;
use std::io::{self, Read};

use super::devices::Device;
use crate::engine::Mode;

/// A process that holds a lock by `flock(2)`, or waits for one, as the list shows it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Entry {
    pub(super) is_waiting: bool,
    pub(super) mode: Mode,
    pub(super) process: u32,
    /// The device of the file system, which is not always the one that `stat(2)` reports.
    pub(super) device: Device,
    pub(super) inode: u64,
}

/// How many readings differ in where the list is split.
pub(super) const READINGS: usize = 3;

/// The length of the first chunk of each reading.
const FIRST_CHUNKS: [usize; READINGS] = [1 << 14, 1365, 2730];

/// Reads which processes hold locks or wait for them, as far as they are in this process's id
/// namespace.
///
/// The kernel returns the list in chunks of a page. Each chunk is consistent, but the next one
/// starts at a line number: if locks came and went in between, a line that was there all the time
/// is missing or appears twice. Each reading is split at other lines.
pub(super) fn read(reading: usize) -> Vec<Entry> {
    let table = read_chunks(FIRST_CHUNKS[reading % READINGS]).unwrap_or_default();
    String::from_utf8_lossy(&table).lines().filter_map(parse_entry).collect()
}

fn read_chunks(first: usize) -> io::Result<Vec<u8>> {
    let mut list = File::open("/proc/locks")?;
    let (mut table, mut chunk) = (Vec::new(), [0; 1 << 14]);
    let mut length = list.read(&mut chunk[..first])?;
    while length > 0 {
        table.extend_from_slice(&chunk[..length]);
        length = list.read(&mut chunk)?;
    }
    Ok(table)
}

impl Entry {
    /// Parses the line of a lock in `/proc/PID/fdinfo`, which has an entry of the same form.
    pub(super) fn parse_of_file(line: &str) -> Option<Self> {
        parse_entry(line.strip_prefix("lock:")?)
    }
}

/// Parses `1: FLOCK  ADVISORY  WRITE 4242 fe:00:131 0 EOF`.
fn parse_entry(line: &str) -> Option<Entry> {
    let mut fields = line.split_whitespace().skip(1).peekable();
    let is_waiting = fields.next_if_eq(&"->").is_some();
    if fields.next()? != "FLOCK" {
        return None;
    }
    let mode = match fields.nth(1)? {
        "READ" => Mode::Shared,
        "WRITE" => Mode::Exclusive,
        // `UNLCK`: it is being unlocked.
        _ => return None,
    };
    let process = fields.next()?.parse().ok().filter(|process| *process != 0)?;
    let mut file = fields.next()?.split(':');
    let mut number = || u32::from_str_radix(file.next()?, 16).ok();
    let device = (number()?, number()?);
    Some(Entry { is_waiting, mode, process, device, inode: file.next()?.parse().ok()? })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn flock_holders_and_waiters_are_parsed() {
        for (line, is_waiting, mode) in [
            ("12: FLOCK  ADVISORY  WRITE 4242 fe:1f:131 0 EOF", false, Mode::Exclusive),
            ("12: FLOCK  ADVISORY  READ 4242 fe:1f:131 0 EOF", false, Mode::Shared),
            ("12: -> FLOCK  ADVISORY  WRITE 4242 fe:1f:131 0 EOF", true, Mode::Exclusive),
            ("12:    -> FLOCK  ADVISORY  READ 4242 fe:1f:131 0 EOF", true, Mode::Shared),
        ] {
            let (process, device, inode) = (4242, (0xfe, 0x1f), 131);
            let expected = Entry { is_waiting, mode, process, device, inode };
            assert_eq!(parse_entry(line), Some(expected), "{line}");
        }
    }

    #[test]
    fn the_lock_of_a_descriptor_equals_its_entry_in_the_list() {
        let entry = "12: FLOCK  ADVISORY  WRITE 4242 fe:1f:131 0 EOF";
        let line = "lock:\t1: FLOCK  ADVISORY  WRITE 4242 fe:1f:131 0 EOF";
        assert!(parse_entry(entry).is_some());
        assert_eq!(Entry::parse_of_file(line), parse_entry(entry));
    }

    #[test]
    fn other_lines_are_ignored() {
        for line in [
            "",
            "12: FLOCK  ADVISORY  UNLCK 4242 fe:1f:131 0 EOF",
            "12: -> POSIX  ADVISORY  WRITE 4242 fe:1f:131 0 EOF",
            "12: POSIX  ADVISORY  WRITE 4242 fe:1f:131 0 EOF",
            "12: OFDLCK ADVISORY  WRITE -1 fe:1f:131 0 EOF",
            "12: FLOCK  ADVISORY  WRITE 0 fe:1f:131 0 EOF",
            "12: FLOCK  ADVISORY  WRITE 4242 <none>:0 0 EOF",
            "12: LEASE  ACTIVE    READ  4242 fe:1f:131 0 EOF",
        ] {
            assert_eq!(parse_entry(line), None, "{line}");
        }
    }
}
