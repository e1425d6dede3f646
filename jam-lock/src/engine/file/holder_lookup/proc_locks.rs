//! Linux's list of who holds which file locks, `/proc/locks`, by proc(5).

use std::fs::File;
use std::io::{self, Read};

use super::devices::Device;
use crate::engine::Mode;

/// A process that holds a lock by `flock(2)` on some file, or waits for one, as the list shows it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Entry {
    pub(super) is_waiting: bool,
    pub(super) mode: Mode,
    pub(super) process: u32,
    /// The device of the file system: not always the one that `stat(2)` shows of the file.
    pub(super) device: Device,
    pub(super) inode: u64,
}

/// In how many ways the list is read.
pub(super) const READINGS: usize = 3;

/// How long the first piece of a reading is.
const FIRST_PIECES: [usize; READINGS] = [1 << 14, 1365, 2730];

/// Reads which processes hold locks or wait for them, as far as this process's id namespace shows.
///
/// The kernel gives the list out in pieces of a page. Each of them is what was so at one moment, but
/// the next one starts at a line number: where locks came and went meanwhile, a line that was there
/// all the time is missing or comes twice. Each reading has its breaks in other places.
pub(super) fn read(reading: usize) -> Vec<Entry> {
    let table = pieces(FIRST_PIECES[reading % READINGS]).unwrap_or_default();
    String::from_utf8_lossy(&table).lines().filter_map(entry).collect()
}

fn pieces(first: usize) -> io::Result<Vec<u8>> {
    let mut list = File::open("/proc/locks")?;
    let (mut table, mut piece) = (Vec::new(), [0; 1 << 14]);
    let mut length = list.read(&mut piece[..first])?;
    while length > 0 {
        table.extend_from_slice(&piece[..length]);
        length = list.read(&mut piece)?;
    }
    Ok(table)
}

/// Understands `1: FLOCK  ADVISORY  WRITE 4242 fe:00:131 0 EOF`.
fn entry(line: &str) -> Option<Entry> {
    let mut fields = line.split_whitespace().skip(1).peekable();
    let is_waiting = fields.next_if_eq(&"->").is_some();
    if fields.next()? != "FLOCK" {
        return None;
    }
    let mode = match fields.nth(1)? {
        "READ" => Mode::Shared,
        "WRITE" => Mode::Exclusive,
        // It is being unlocked.
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
    fn those_that_hold_or_wait_by_flock_are_found() {
        for (line, is_waiting, mode) in [
            ("12: FLOCK  ADVISORY  WRITE 4242 fe:1f:131 0 EOF", false, Mode::Exclusive),
            ("12: FLOCK  ADVISORY  READ 4242 fe:1f:131 0 EOF", false, Mode::Shared),
            ("12: -> FLOCK  ADVISORY  WRITE 4242 fe:1f:131 0 EOF", true, Mode::Exclusive),
            ("12:    -> FLOCK  ADVISORY  READ 4242 fe:1f:131 0 EOF", true, Mode::Shared),
        ] {
            let (process, device, inode) = (4242, (0xfe, 0x1f), 131);
            let expected = Entry { is_waiting, mode, process, device, inode };
            assert_eq!(entry(line), Some(expected), "{line}");
        }
    }

    #[test]
    fn nobody_else_is() {
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
            assert_eq!(entry(line), None, "{line}");
        }
    }
}
