//! What is concluded from readings of the list that do not fit together.

use std::fs;
use std::process::{Child, Command};

use super::*;
use crate::engine::file::record_format::Record;

/// A lock file, and a process that is there.
struct Scene {
    lock: Seen,
    process: Child,
    _folder: tempfile::TempDir,
}

impl Scene {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x.lock");
        fs::write(&path, "").unwrap();
        let process = Command::new("sleep").arg("1000").spawn().unwrap();
        Self { lock: Seen::look(&path).unwrap(), process, _folder: folder }
    }

    fn entry(&self, mode: Mode, process: u32) -> Entry {
        let device = self.lock.file.dev();
        let device = (libc::major(device), libc::minor(device));
        Entry { is_waiting: false, mode, process, device, inode: self.lock.file.ino() }
    }

    /// A record by which a process that calls itself `own` holds the lock.
    fn record(&mut self, own: u32, started: u64) {
        let holder = Holder { process: Some(own), ..Holder::default() };
        self.lock.record =
            Some(Record { token: Some(7), holder: Some((holder, Some(started))), died: None });
    }

    fn identity(&self) -> Identity {
        Identity::of(self.process.id()).unwrap()
    }

    fn occupancy(&self, readings: &[&[Entry]]) -> Occupancy {
        LockTable::of_readings(readings).occupancy(&self.lock)
    }
}

impl Drop for Scene {
    fn drop(&mut self) {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
    }
}

#[test]
fn a_reader_that_is_listed_twice_counts_once() {
    let scene = Scene::new();
    let [one, other] = [1, 2].map(|process| scene.entry(Mode::Shared, process));
    let found = scene.occupancy(&[&[one, other, one], &[one, other], &[other, one, other]]);
    assert_eq!(found.state, Some(State::Readers(Some(2))));
}

#[test]
fn readers_are_not_counted_where_one_is_not_listed_each_time() {
    let scene = Scene::new();
    let [one, other] = [1, 2].map(|process| scene.entry(Mode::Shared, process));
    let found = scene.occupancy(&[&[one, other], &[one], &[one, other]]);
    assert_eq!(found.state, Some(State::Readers(None)));
}

#[test]
fn a_holder_that_is_not_listed_each_time_is_left_to_the_kernel() {
    let scene = Scene::new();
    for mode in [Mode::Exclusive, Mode::Shared] {
        let entry = scene.entry(mode, 1);
        let found = scene.occupancy(&[&[entry], &[], &[entry]]);
        assert!(found.state.is_none() && found.may_have_readers, "{mode:?}");
    }
}

#[test]
fn waits_are_not_counted_where_one_is_not_listed_each_time() {
    let scene = Scene::new();
    let holds = scene.entry(Mode::Exclusive, 1);
    let [one, other] =
        [2, 3].map(|id| Entry { is_waiting: true, ..scene.entry(Mode::Exclusive, id) });
    let reads = Entry { mode: Mode::Shared, ..one };
    let all = [holds, one, other, reads, other];
    assert_eq!(scene.occupancy(&[&all, &all, &all]).waiting, Some(2));
    assert_eq!(scene.occupancy(&[&all, &all[..2], &all]).waiting, None);
}

#[test]
fn a_recorded_writer_is_excluded_by_another_writer_and_by_readers() {
    let mut scene = Scene::new();
    let Identity { own, started } = scene.identity();
    let process = scene.process.id();
    scene.record(own, started);
    let writes = [scene.entry(Mode::Exclusive, process)];
    assert!(!scene.occupancy(&[&writes]).excludes_recorded);
    let reads = [scene.entry(Mode::Shared, process)];
    assert!(scene.occupancy(&[&reads]).excludes_recorded);
    // A process of the same number that started at another time.
    scene.record(own, started + 1);
    assert!(scene.occupancy(&[&writes]).excludes_recorded);
    // It need not be listed each time.
    assert!(scene.occupancy(&[&writes, &[]]).excludes_recorded);
    assert!(!scene.occupancy(&[&[], &[]]).excludes_recorded);
    // Of a process that has ended, nothing is known.
    let ended = [scene.entry(Mode::Exclusive, u32::MAX)];
    assert!(!scene.occupancy(&[&ended]).excludes_recorded);
}

#[test]
fn a_record_is_believed_of_a_writer_alone() {
    let mut scene = Scene::new();
    let Identity { own, started } = scene.identity();
    scene.record(own, started);
    let found = |mode| {
        let entry = scene.entry(mode, scene.process.id());
        LockTable::of_readings(&[&[entry]]).holder(&scene.lock)
    };
    assert!(found(Mode::Exclusive).is_some());
    // It reads by now, and readers are not recorded.
    assert!(found(Mode::Shared).is_none());
}

#[test]
fn a_file_with_the_same_number_elsewhere_is_another_one() {
    let scene = Scene::new();
    let elsewhere = Entry { device: (9, 9), ..scene.entry(Mode::Exclusive, 1) };
    assert!(scene.occupancy(&[&[elsewhere]]).state.is_none());
}
