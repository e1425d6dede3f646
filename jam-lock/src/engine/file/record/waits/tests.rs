//! What a record says of waits counts only for the process that has written it, and holds the lock.

use std::fs;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, SystemTime};

use super::super::format::Template;
use super::*;
use crate::engine::FoundWaits;
use crate::engine::file::wait_lookup;
use crate::site::Site;
use crate::this_process::{ThisProcess, start_time};

const TOKEN: u64 = 1_764_012_371_123_456_789;

/// A lock file that a process holds which writes no record.
struct Locked {
    folder: tempfile::TempDir,
    holder: Child,
}

impl Locked {
    /// Locked by `flock(1)` with this option.
    fn new(mode: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        // Its child, which ends with the input, does not inherit the lock.
        let script = "echo >ready; read end";
        let mut flock = Command::new("flock");
        flock.args(["--close", mode, "x.lock", "sh", "-c", script]).current_dir(folder.path());
        let holder = flock.stdin(Stdio::piped()).spawn().unwrap();
        while !folder.path().join("ready").exists() {
            thread::yield_now();
        }
        Self { folder, holder }
    }

    fn path(&self) -> PathBuf {
        self.folder.path().join("x.lock")
    }

    /// The wait for another lock of the folder.
    fn wait(&self) -> RecordedWait {
        RecordedWait {
            number: 7,
            name: "y".to_owned(),
            location: self.folder.path().display().to_string(),
            since: SystemTime::UNIX_EPOCH + Duration::from_secs(1_764_012_401),
            function: None,
            file: None,
            line: None,
        }
    }

    /// A record that a process has written, with this wait.
    fn record(&self, process: u32, started: Option<u64>) -> Vec<u8> {
        let here = ThisProcess { id: process, started, ..ThisProcess::default() };
        let record =
            Template::new(&here, Site::here(), 1, false).fill(Duration::ZERO, TOKEN).to_owned();
        [record, self.waits(TOKEN)].concat()
    }

    fn waits(&self, token: u64) -> Vec<u8> {
        waits::text(token, &[self.wait()], &self.wait().location)
    }

    /// The record that the holder has written.
    fn own_record(&self) -> Vec<u8> {
        let process = self.holder.id();
        self.record(process, start_time(&process.to_string()))
    }

    /// What is found with this record.
    fn find(&self, record: &[u8]) -> FoundWaits {
        fs::write(self.folder.path().join("x.holder"), record).unwrap();
        wait_lookup::find(&self.path())
    }

    fn is_found(&self, record: &[u8]) -> bool {
        match self.find(record) {
            FoundWaits::Waiting(holder, waits) => {
                assert_eq!((holder.process, waits), (Some(self.holder.id()), vec![self.wait()]));
                true
            }
            FoundWaits::Unconfirmed | FoundWaits::None => false,
        }
    }
}

impl Drop for Locked {
    fn drop(&mut self) {
        let _ = self.holder.kill();
        let _ = self.holder.wait();
    }
}

#[test]
fn the_waits_of_the_holder_are_found_until_it_is_gone() {
    let mut locked = Locked::new("-x");
    let record = locked.own_record();
    assert!(locked.is_found(&record));
    locked.holder.kill().unwrap();
    locked.holder.wait().unwrap();
    assert!(!locked.is_found(&record));
}

#[test]
fn the_record_of_another_process_does_not_count() {
    let locked = Locked::new("-x");
    let holder = locked.holder.id();
    let started = start_time(&holder.to_string()).unwrap();
    // One that had this id before, one that does not record when it started, and one that lives.
    let others = [
        (holder, Some(started - 1)),
        (holder, None),
        (std::process::id(), start_time("self")),
        (u32::MAX, Some(started)),
    ];
    for (process, started) in others {
        let found = locked.find(&locked.record(process, started));
        assert_eq!(found, FoundWaits::Unconfirmed, "{process} {started:?}");
    }
}

#[test]
fn a_reader_is_not_the_writer_that_has_left_the_record() {
    let locked = Locked::new("-s");
    assert_eq!(locked.find(&locked.own_record()), FoundWaits::Unconfirmed);
}

#[test]
fn the_waits_of_other_holders_and_versions_do_not_count() {
    let locked = Locked::new("-x");
    let (record, waits) = (locked.own_record(), locked.waits(TOKEN));
    let alone = &record[..record.len() - waits.len()];
    let replaced = |bytes: &[u8], from: &str, to: &str| {
        let text = String::from_utf8(bytes.to_owned()).unwrap();
        assert!(text.contains(from));
        text.replacen(from, to, 1).into_bytes()
    };
    let later = replaced(&waits, "jam-lock 1 wait", "jam-lock 2 wait");
    let records = [
        alone.to_owned(),
        [alone, &locked.waits(TOKEN - 1)].concat(),
        [alone, &later].concat(),
        replaced(&record, "jam-lock 1 held", "jam-lock 2 held"),
        replaced(&record, "jam-lock 1 held", "jam-lock 1 free"),
        waits,
        Vec::new(),
    ];
    for record in &records {
        assert!(!locked.is_found(record), "{}", String::from_utf8_lossy(record));
    }
}

#[test]
fn a_record_that_is_cut_short_does_not_count() {
    let locked = Locked::new("-x");
    let record = locked.own_record();
    // Every one would take as long as the system needs to list its locks.
    for end in (0..record.len()).step_by(13) {
        assert!(!locked.is_found(&record[..end]), "{end}");
    }
}
