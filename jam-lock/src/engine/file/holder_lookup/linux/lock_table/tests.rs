//! What follows from readings of the list that differ.

use std::fs;
use std::process::{Child, Command};

use super::*;
use crate::engine::file::record::{Record, Start};

/// A lock file, and a running process.
struct Setup {
    lock: LockSnapshot,
    process: Child,
    _folder: tempfile::TempDir,
}

impl Setup {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x.lock");
        fs::write(&path, "").unwrap();
        let process = Command::new("sleep").arg("1000").spawn().unwrap();
        Self { lock: LockSnapshot::take(&path).unwrap(), process, _folder: folder }
    }

    fn entry(&self, mode: Mode, process: u32) -> Entry {
        let device = self.lock.metadata.dev();
        let device = (libc::major(device), libc::minor(device));
        Entry { is_waiting: false, mode, process, device, inode: self.lock.metadata.ino() }
    }

    /// Records that the process with this identity holds the lock.
    fn record(&mut self, own_id: u32, started: u64) {
        let holder = Holder { process: Some(own_id), ..Holder::default() };
        self.lock.record = Some(Record {
            token: Some(7),
            holder: Some((holder, Start { ticks: Some(started), boot: None })),
            abandoned_by: None,
            ..Record::default()
        });
    }

    fn identity(&self) -> ProcessIdentity {
        ProcessIdentity::read(self.process.id()).unwrap()
    }

    fn occupancy(&self, readings: &[&[Entry]]) -> Occupancy {
        LockTable::from_readings(readings).occupancy(&self.lock)
    }
}

impl Drop for Setup {
    fn drop(&mut self) {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
    }
}

#[test]
fn a_reader_that_is_listed_twice_counts_once() {
    let setup = Setup::new();
    let [one, other] = [1, 2].map(|process| setup.entry(Mode::Shared, process));
    let found = setup.occupancy(&[&[one, other, one], &[one, other], &[other, one, other]]);
    assert_eq!(found.state, Some(State::Readers(Some(2))));
}

#[test]
fn readers_are_not_counted_unless_all_are_listed_each_time() {
    let setup = Setup::new();
    let [one, other] = [1, 2].map(|process| setup.entry(Mode::Shared, process));
    let found = setup.occupancy(&[&[one, other], &[one], &[one, other]]);
    assert_eq!(found.state, Some(State::Readers(None)));
}

#[test]
fn the_state_is_left_to_the_kernel_unless_the_holder_is_listed_each_time() {
    let setup = Setup::new();
    for mode in [Mode::Exclusive, Mode::Shared] {
        let entry = setup.entry(mode, 1);
        let found = setup.occupancy(&[&[entry], &[], &[entry]]);
        assert!(found.state.is_none() && found.may_have_readers, "{mode:?}");
    }
}

#[test]
fn waits_are_not_counted_unless_all_are_listed_each_time() {
    let setup = Setup::new();
    let holds = setup.entry(Mode::Exclusive, 1);
    let [one, other] =
        [2, 3].map(|id| Entry { is_waiting: true, ..setup.entry(Mode::Exclusive, id) });
    let reads = Entry { mode: Mode::Shared, ..one };
    let all = [holds, one, other, reads, other];
    assert_eq!(setup.occupancy(&[&all, &all, &all]).waiting, Some(2));
    assert_eq!(setup.occupancy(&[&all, &all[..2], &all]).waiting, None);
}

#[test]
fn a_record_is_stale_if_another_writer_or_a_reader_has_the_lock() {
    let mut setup = Setup::new();
    let ProcessIdentity { own_id, started } = setup.identity();
    let process = setup.process.id();
    setup.record(own_id, started);
    let writes = [setup.entry(Mode::Exclusive, process)];
    assert!(!setup.occupancy(&[&writes]).is_record_stale);
    let reads = [setup.entry(Mode::Shared, process)];
    assert!(setup.occupancy(&[&reads]).is_record_stale);
    // A process with the same id that started at another time.
    setup.record(own_id, started + 1);
    assert!(setup.occupancy(&[&writes]).is_record_stale);
    // It need not be listed each time.
    assert!(setup.occupancy(&[&writes, &[]]).is_record_stale);
    assert!(!setup.occupancy(&[&[], &[]]).is_record_stale);
    // Nothing is known of a process that has ended.
    let ended = [setup.entry(Mode::Exclusive, u32::MAX)];
    assert!(!setup.occupancy(&[&ended]).is_record_stale);
}

#[test]
fn a_record_is_only_believed_of_a_writer() {
    let mut setup = Setup::new();
    let ProcessIdentity { own_id, started } = setup.identity();
    setup.record(own_id, started);
    let found = |mode| {
        let entry = setup.entry(mode, setup.process.id());
        LockTable::from_readings(&[&[entry]]).holder(&setup.lock)
    };
    assert!(found(Mode::Exclusive).is_some());
    // The process reads now, and readers are not recorded.
    assert!(found(Mode::Shared).is_none());
}

#[test]
fn a_file_with_the_same_inode_number_on_another_device_is_another_one() {
    let setup = Setup::new();
    let elsewhere = Entry { device: (9, 9), ..setup.entry(Mode::Exclusive, 1) };
    assert!(setup.occupancy(&[&[elsewhere]]).state.is_none());
}
