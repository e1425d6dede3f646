//! [`Mount`]: the mounted file system that has a file, by proc(5).

use std::fs::{self, File, OpenOptions};
use std::io::Read;
use std::os::fd::AsRawFd;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

/// The file systems whose files have reliable identities.
///
/// An overlay has, as long as it is not mounted twice, which makes every lock on it unreliable.
const WITH_RELIABLE_IDS: [&str; 13] = [
    "bcachefs", "btrfs", "ext2", "ext3", "ext4", "f2fs", "jfs", "nilfs2", "overlay", "ramfs",
    "tmpfs", "xfs", "zfs",
];

/// Others that the kernel itself serves from a local disk.
const LOCAL: [&str; 12] = [
    "devtmpfs", "erofs", "exfat", "hfs", "hfsplus", "iso9660", "msdos", "ntfs3", "reiserfs",
    "squashfs", "udf", "vfat",
];

/// A mounted file system.
#[derive(Debug, PartialEq)]
pub(super) struct Mount {
    /// The major and the minor number of its device.
    pub(super) device: (u32, u32),
    /// Its type, such as `ext4` or `fuse.sshfs`.
    pub(super) file_system: String,
}

impl Mount {
    /// The mount that has the file at `path`.
    pub(super) fn of_path(path: &Path) -> Option<Self> {
        let flags = libc::O_PATH | libc::O_NOFOLLOW | libc::O_CLOEXEC;
        Self::of_file(&OpenOptions::new().read(true).custom_flags(flags).open(path).ok()?)
    }

    /// The mount that has `file`.
    pub(super) fn of_file(file: &File) -> Option<Self> {
        let details = fs::read_to_string(format!("/proc/self/fdinfo/{}", file.as_raw_fd())).ok()?;
        Self::of_open_file("self", &details)
    }

    /// The mount that has an open file of `process`, whose `fdinfo` has these `details`.
    pub(super) fn of_open_file(process: &str, details: &str) -> Option<Self> {
        let mount = details.lines().find_map(|line| line.strip_prefix("mnt_id:"))?.trim();
        let mounts = fs::read_to_string(format!("/proc/{process}/mountinfo")).ok()?;
        Self::parse(mount, &mounts)
    }

    /// Whether a call on its files may hang: another process or another machine serves it, as far as is
    /// known.
    pub(super) fn may_hang(&self) -> bool {
        let is_any = |types: &[&str]| types.contains(&self.file_system.as_str());
        !is_any(&WITH_RELIABLE_IDS) && !is_any(&LOCAL)
    }

    /// Whether a look at a path always shows whether it still names an open file.
    pub(super) fn has_reliable_ids(&self) -> bool {
        WITH_RELIABLE_IDS.contains(&self.file_system.as_str())
    }

    /// Whether the file system runs in another process, which may manage locks by itself.
    pub(super) fn is_fuse(&self) -> bool {
        self.file_system.starts_with("fuse")
    }

    /// Parses `36 35 98:0 /root /mnt rw,noatime - ext4 …` for the mount with the id 36.
    fn parse(mount: &str, mounts: &str) -> Option<Self> {
        let mut lines = mounts.lines().map(|line| line.split(' '));
        let mut fields =
            lines.find_map(|mut fields| (fields.next()? == mount).then_some(fields))?;
        let (major, minor) = fields.nth(1)?.split_once(':')?;
        // Optional fields end at a hyphen.
        let file_system = fields.skip_while(|field| *field != "-").nth(1)?.to_owned();
        Some(Self { device: (major.parse().ok()?, minor.parse().ok()?), file_system })
    }
}

/// What `fdinfo` shows of an open file.
pub(super) fn details(path: &Path) -> Option<String> {
    /// More than it has; a process may have locked one file in very many places.
    const MAX_LEN: u64 = 4096;
    let mut details = Vec::new();
    File::open(path).ok()?.take(MAX_LEN).read_to_end(&mut details).ok()?;
    Some(String::from_utf8_lossy(&details).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mount_is_found_by_its_id() {
        let mounts = "22 27 0:20 / /sys rw - sysfs sysfs rw\n\
                      136 35 98:10 /root /mnt rw,noatime shared:7 master:2 - btrfs /dev/x rw\n\
                      36 35 98:0 /a /b rw - fuse.sshfs host:/ rw\n";
        let of = |mount| Mount::parse(mount, mounts);
        let found = of("36").unwrap();
        assert_eq!((found.device, found.file_system.as_str()), ((98, 0), "fuse.sshfs"));
        assert!(found.is_fuse());
        let found = of("136").unwrap();
        assert_eq!((found.device, found.file_system.as_str()), ((98, 10), "btrfs"));
        assert_eq!(of("3"), None);
    }
}
