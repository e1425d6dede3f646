//! The device of a file in the system's list, which is not always the one that `stat(2)` reports.

use std::cell::RefCell;
use std::collections::HashMap;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use crate::engine::file::holder_lookup::lock_snapshot::LockSnapshot;
use crate::engine::file::mount::Mount;

/// A major and a minor number.
pub(super) type Device = (u32, u32);

/// The devices of mounted file systems, looked up once each.
///
/// `stat(2)` on Btrfs or an overlay reports another device than that of the file system, which is
/// in the list.
#[derive(Default)]
pub(super) struct Devices {
    mounted: RefCell<HashMap<u64, Option<Device>>>,
}

impl Devices {
    /// Whether `lock` is the file with its inode number on the `listed` device.
    pub(super) fn is_of(&self, listed: Device, lock: &LockSnapshot) -> bool {
        let reported = lock.metadata.dev();
        listed == (libc::major(reported), libc::minor(reported))
            || *self.mounted.borrow_mut().entry(reported).or_insert_with(|| mounted(&lock.path))
                == Some(listed)
    }
}

/// The device of the mount that has the file at `path`.
fn mounted(path: &Path) -> Option<Device> {
    Mount::of_path(path).map(|mount| mount.device)
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn a_file_is_on_the_device_of_its_mount() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x.lock");
        fs::write(&path, "").unwrap();
        let device = mounted(&path).expect("every file is mounted somewhere");
        assert!(Devices::default().is_of(device, &LockSnapshot::take(&path).unwrap()));
    }
}
