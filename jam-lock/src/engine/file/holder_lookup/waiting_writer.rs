//! Whether a writer of another process waits for a lock file.

use std::os::unix::fs::MetadataExt;
use std::path::Path;

use super::devices::Devices;
use super::{Seen, proc_locks};
use crate::engine::Mode;
use crate::this_process::ThisProcess;

/// Whether one reading of the system's list shows a writer of another process that waits for the
/// lock file at `lock`; a reading may lack a line.
pub(in crate::engine::file) fn has_waiting_writer(lock: &Path) -> bool {
    let Ok(seen) = Seen::look(lock) else { return false };
    let (here, devices) = (ThisProcess::get().id, Devices::default());
    proc_locks::read(0).iter().any(|entry| {
        entry.is_waiting
            && entry.mode == Mode::Exclusive
            && entry.inode == seen.file.ino()
            && entry.process != here
            && devices.is_of(entry.device, &seen)
    })
}
