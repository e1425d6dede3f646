//! What makes it certain who holds a lock file.

use std::ffi::OsString;
use std::fs;
use std::path::Path;

use super::open_files;
use crate::holder::Holder;
use crate::this_process::start_of;

/// A holder that was found.
#[derive(Clone, Debug)]
pub(super) struct Found {
    pub(super) holder: Holder,
    pub(super) evidence: Evidence,
}

/// What it was found by.
#[derive(Clone, Debug)]
pub(super) enum Evidence {
    /// The record is that of a process which is listed; its number and start here.
    Record { process: u32, started: u64 },
    /// The file is open there, with the lock.
    OpenFile { process: u32, descriptor: OsString, inode: u64 },
}

impl Evidence {
    /// Whether it still stands; a record is compared by those who have it.
    pub(super) fn stands(&self) -> bool {
        match self {
            Self::Record { process, started } => start_of(&process.to_string()) == Some(*started),
            Self::OpenFile { process, descriptor, inode } => {
                open_files::is_locked(*process, descriptor, *inode)
            }
        }
    }
}

/// A process, as it records itself, and when it started here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Identity {
    /// The number that it has in its own process id namespace.
    pub(super) own: u32,
    pub(super) started: u64,
}

impl Identity {
    pub(super) fn of(process: u32) -> Option<Self> {
        let own = number_of_its_own(process)?;
        Some(Self { own, started: start_of(&process.to_string())? })
    }
}

fn number_of_its_own(process: u32) -> Option<u32> {
    let status = fs::read_to_string(format!("/proc/{process}/status")).ok()?;
    let numbers = status.lines().find_map(|line| line.strip_prefix("NSpid:"))?;
    numbers.split_whitespace().next_back()?.parse().ok()
}

/// The name of the program that `process` runs.
pub(super) fn program(process: u32) -> Option<String> {
    let here = Path::new("/proc").join(process.to_string());
    let path = fs::read_link(here.join("exe")).ok();
    let name = path.and_then(|path| Some(path.file_name()?.to_str()?.to_owned()));
    let name = name.map(|name| name.trim_end_matches(" (deleted)").to_owned());
    // Another user's processes show their name alone, which is cut off.
    name.or_else(|| fs::read_to_string(here.join("comm")).ok())
        .map(|name| name.trim_end().to_owned())
}
