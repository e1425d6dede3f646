//! File systems that a test mounts, where programs and rights permit that.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;

use crate::observe::wait_until;
use crate::requirements::may_skip;

/// A mounted file system, which is unmounted on drop.
#[must_use = "it is unmounted on drop"]
pub struct Mount {
    path: PathBuf,
    _folder: TempDir,
}

impl Mount {
    /// Shows the folder `source` at another path, by `bindfs` with these arguments. Without it, or
    /// without the right to mount, a test is skipped.
    pub fn bindfs(source: &Path, arguments: &[&str]) -> Option<Self> {
        Self::fuse("bindfs", source, arguments)
    }

    /// The same by `mergerfs`.
    pub fn mergerfs(source: &Path, arguments: &[&str]) -> Option<Self> {
        Self::fuse("mergerfs", source, arguments)
    }

    fn fuse(program: &str, source: &Path, arguments: &[&str]) -> Option<Self> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("mount");
        fs::create_dir(&path).unwrap();
        let mut command = Command::new(program);
        if !succeeds(command.args(arguments).arg(source).arg(&path)) {
            may_skip(&format!("{program} cannot mount a folder here"));
            return None;
        }
        let mount = Self { path, _folder: folder };
        wait_until("it is mounted", || is_mounted(&mount.path));
        Some(mount)
    }

    /// A new btrfs of 120 MiB. Without its tools, or without the right to mount, a test is skipped.
    pub fn btrfs() -> Option<Self> {
        let folder = tempfile::tempdir().unwrap();
        let (image, path) = (folder.path().join("image"), folder.path().join("mount"));
        fs::File::create(&image).and_then(|file| file.set_len(120 << 20)).unwrap();
        fs::create_dir(&path).unwrap();
        let is_mounted = succeeds(Command::new("mkfs.btrfs").arg("-q").arg(&image))
            && succeeds(Command::new("mount").args(["-o", "loop"]).args([&image, &path]));
        if !is_mounted {
            may_skip("a btrfs cannot be made and mounted here");
            return None;
        }
        Some(Self { path, _folder: folder })
    }

    /// Where it is mounted.
    pub fn path(&self) -> &Path {
        &self.path
    }
}

impl Drop for Mount {
    fn drop(&mut self) {
        // It may be unmounted already, or still be in use by a process that is just ending.
        let _ = succeeds(Command::new("umount").arg("--lazy").arg(&self.path));
    }
}

fn is_mounted(path: &Path) -> bool {
    let mounts = fs::read_to_string("/proc/self/mountinfo").unwrap();
    mounts.lines().any(|line| line.split(' ').nth(4) == path.to_str())
}

/// Whether the command can be started and succeeds.
fn succeeds(command: &mut Command) -> bool {
    command.output().is_ok_and(|output| output.status.success())
}
