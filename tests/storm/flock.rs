//! A lock that is held by `flock(2)`, without this library.

use std::fs::{self, File};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::Path;

use jam_lock_tests::storm::{MODE, is_keyed};
use rustix::fs::{FlockOperation, flock};

pub(crate) struct Flock(File);

impl Flock {
    /// Waits for the lock file at `path`, which is created if missing.
    pub(crate) fn new(path: &Path) -> Self {
        let name = path.file_stem().unwrap().to_str().unwrap();
        let mode = if is_keyed(name) { MODE } else { 0o644 };
        loop {
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            let opened = File::options().append(true).create(true).mode(mode).open(path);
            let file = opened.unwrap();
            flock(&file, FlockOperation::LockExclusive).unwrap();
            let at_path = fs::metadata(path);
            if at_path.is_ok_and(|it| it.ino() == file.metadata().unwrap().ino()) {
                return Self(file);
            }
        }
    }
}

impl Drop for Flock {
    fn drop(&mut self) {
        flock(&self.0, FlockOperation::Unlock).unwrap();
    }
}
