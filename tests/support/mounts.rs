//! File systems that a test mounts, where programs and rights permit that.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use tempfile::TempDir;

use crate::observe::wait_until;
use crate::requirements::may_skip_without_right;

/// A mounted file system, which is unmounted on drop.
#[must_use = "it is unmounted on drop"]
pub struct Mount {
    path: PathBuf,
    /// The command that mounts it.
    command: Command,
    /// The process that serves it, if the command does.
    server: Option<Child>,
    _folder: TempDir,
}

impl Mount {
    /// Shows the folder `source` at another path, by `bindfs` with these arguments. Without it, or
    /// without the right to mount, a test is skipped.
    pub fn bindfs(source: &Path, arguments: &[&str]) -> Option<Self> {
        let mut command = Command::new("bindfs");
        command.arg("-f").args(arguments);
        Self::folder(command, source)
    }

    /// The same by `mergerfs`.
    pub fn mergerfs(source: &Path, arguments: &[&str]) -> Option<Self> {
        let mut command = Command::new("mergerfs");
        command.args(arguments);
        Self::folder(command, source)
    }

    /// Shows the folder `source` at another path, where nothing can be changed.
    pub fn read_only(source: &Path) -> Option<Self> {
        let mut command = Command::new("mount");
        command.args(["-o", "bind,ro"]);
        Self::folder(command, source)
    }

    /// Shows the folder `source` at another path, where a file has another inode number at each look.
    /// Without the system's Python and its module `fusepy`, a test is skipped.
    pub fn unstable_inodes(source: &Path) -> Option<Self> {
        let mut command = Command::new("/usr/bin/python3");
        let folder = Path::new(env!("CARGO_MANIFEST_DIR"));
        command.arg(folder.join("support/unstable_inodes.py"));
        Self::folder(command, source)
    }

    /// Mounts `source` by `command`, which lacks the two paths.
    fn folder(mut command: Command, source: &Path) -> Option<Self> {
        let (folder, path) = new_mount_point();
        command.arg(source).arg(&path);
        let mut mount = Self { path, command, server: None, _folder: folder };
        if !mount.mount() {
            may_skip_without_right(&format!(
                "{} cannot mount a folder here",
                mount.command.get_program().display()
            ));
            return None;
        }
        Some(mount)
    }

    /// A new btrfs of 120 MiB. Without its tools, or without the right to mount, a test is skipped.
    pub fn btrfs() -> Option<Self> {
        let (folder, path) = new_mount_point();
        let image = folder.path().join("image");
        fs::File::create(&image).and_then(|file| file.set_len(120 << 20)).unwrap();
        let mut command = Command::new("mount");
        command.args(["-o", "loop"]).args([&image, &path]);
        let mut mount = Self { path, command, server: None, _folder: folder };
        if !succeeds(Command::new("mkfs.btrfs").arg("-q").arg(&image)) || !mount.mount() {
            may_skip_without_right("a btrfs cannot be made and mounted here");
            return None;
        }
        Some(mount)
    }

    /// Unmounts it by force, which makes open files useless, and mounts it again at the same path.
    pub fn remount(&mut self) {
        assert!(succeeds(Command::new("umount").args(["--force", "--lazy"]).arg(&self.path)));
        assert!(self.mount());
    }

    /// Stops the process that serves it, so that each call on its files hangs until the result is dropped.
    pub fn freeze(&self) -> Frozen {
        let server = self.server.as_ref().expect("its command serves it");
        let server = Pid::from_raw(server.id().try_into().unwrap());
        kill(server, Signal::SIGSTOP).unwrap();
        let threads = || fs::read_dir(format!("/proc/{server}/task")).unwrap().flatten();
        let is_stopped = |thread: fs::DirEntry| {
            let status = fs::read_to_string(thread.path().join("status"));
            status.is_ok_and(|status| status.contains("\nState:\tT"))
        };
        wait_until("it has stopped", || threads().all(is_stopped));
        Frozen(server)
    }

    /// Whether it could be mounted.
    fn mount(&mut self) -> bool {
        if self.command.get_args().next() != Some("-f".as_ref()) {
            let is_started = succeeds(&mut self.command);
            if is_started {
                wait_until("it is mounted", || is_mounted(&self.path));
            }
            return is_started;
        }
        self.wait_for_server();
        let command = self.command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        let Ok(mut server) = command.spawn() else { return false };
        let mut has_ended = false;
        wait_until("it is mounted", || {
            has_ended = server.try_wait().unwrap().is_some();
            has_ended || is_mounted(&self.path)
        });
        self.server = Some(server);
        !has_ended
    }

    /// Waits until the process that serves it has ended, once it is unmounted.
    fn wait_for_server(&mut self) {
        if let Some(mut server) = self.server.take() {
            let _ = server.wait();
        }
    }

    fn unmount(&self) {
        // It may be unmounted already, or still be in use by a process that is just ending.
        let _ = succeeds(Command::new("umount").arg("--lazy").arg(&self.path));
    }

    /// Where it is mounted.
    pub fn path(&self) -> &Path {
        &self.path
    }
}

impl Drop for Mount {
    fn drop(&mut self) {
        self.unmount();
        self.wait_for_server();
    }
}

/// A stopped process, which goes on when this is dropped.
#[must_use = "it goes on when this is dropped"]
pub struct Frozen(Pid);

impl Drop for Frozen {
    fn drop(&mut self) {
        let _ = kill(self.0, Signal::SIGCONT);
    }
}

/// A temporary folder, and an empty one in it.
fn new_mount_point() -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("mount");
    fs::create_dir(&path).unwrap();
    (folder, path)
}

fn is_mounted(path: &Path) -> bool {
    let mounts = fs::read_to_string("/proc/self/mountinfo").unwrap();
    mounts.lines().any(|line| line.split(' ').nth(4) == path.to_str())
}

/// Whether the command can be started and succeeds.
fn succeeds(command: &mut Command) -> bool {
    command.output().is_ok_and(|output| output.status.success())
}
