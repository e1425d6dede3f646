//! The device of a file in the system's list, which is not always the one that `stat(2)` reports.

use std::cell::RefCell;
use std::collections::HashMap;
use std::fs::{self, OpenOptions};
use std::os::fd::AsRawFd;
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::Path;

use crate::engine::file::holder_lookup::lock_snapshot::LockSnapshot;

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

/// The device of the mount that has the file at `path`, by proc(5).
fn mounted(path: &Path) -> Option<Device> {
    let flags = libc::O_PATH | libc::O_NOFOLLOW | libc::O_CLOEXEC;
    let file = OpenOptions::new().read(true).custom_flags(flags).open(path).ok()?;
    let details = fs::read_to_string(format!("/proc/self/fdinfo/{}", file.as_raw_fd())).ok()?;
    let mount = details.lines().find_map(|line| line.strip_prefix("mnt_id:"))?.trim();
    let mounts = fs::read_to_string("/proc/self/mountinfo").ok()?;
    device(mount, &mounts)
}

/// Parses `36 35 98:0 /root /mnt rw,noatime …` for the mount with the id 36.
fn device(mount: &str, mounts: &str) -> Option<Device> {
    let mut lines = mounts.lines().map(|line| line.split(' '));
    let mut fields = lines.find_map(|mut fields| (fields.next()? == mount).then_some(fields))?;
    let (major, minor) = fields.nth(1)?.split_once(':')?;
    Some((major.parse().ok()?, minor.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_device_is_that_of_the_mount() {
        let mounts = "22 27 0:20 / /sys rw - sysfs sysfs rw\n\
                      136 35 98:10 /root /mnt rw,noatime - btrfs /dev/x rw\n\
                      36 35 98:0 /a /b rw - ext4 /dev/y rw\n";
        assert_eq!(device("36", mounts), Some((98, 0)));
        assert_eq!(device("136", mounts), Some((98, 10)));
        assert_eq!(device("3", mounts), None);
    }

    #[test]
    fn a_file_is_on_the_device_of_its_mount() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x.lock");
        fs::write(&path, "").unwrap();
        let device = mounted(&path).expect("every file is mounted somewhere");
        assert!(Devices::default().is_of(device, &LockSnapshot::take(&path).unwrap()));
    }
}
