//! The programs of an installed PostgreSQL, and how root runs them.

use std::os::unix::fs::{MetadataExt, chown};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, fs};

use rustix::fs::statvfs;

/// The user who runs the server if the tests are run by root, because it refuses to be run by root.
const NOBODY: u32 = 65534;

/// Where Debian installs PostgreSQL, whose programs are not on the path.
const INSTALLED: &str = "/usr/lib/postgresql";

/// A folder in memory, which a container may limit to some megabytes.
const MEMORY: &str = "/dev/shm";

/// What the servers of all tests that run at once need, in bytes.
const ENOUGH_MEMORY: u64 = 2 << 30;

/// The folder with the programs of the newest installed server.
pub fn programs() -> Option<PathBuf> {
    let on_path = env::var_os("PATH")?;
    let on_path = env::split_paths(&on_path).find(|folder| folder.join("initdb").exists());
    let on_path = on_path.and_then(|folder| fs::canonicalize(folder.join("initdb")).ok());
    if let Some(initdb) = on_path {
        return initdb.parent().map(ToOwned::to_owned);
    }
    let installed = fs::read_dir(INSTALLED).ok()?.filter_map(|entry| Some(entry.ok()?.path()));
    let installed = installed.map(|version| version.join("bin"));
    installed.filter(|folder| folder.join("initdb").exists()).max()
}

/// Runs one of the programs, which has to succeed.
pub(super) fn run(command: &mut Command) {
    let output = command.output().expect("PostgreSQL's programs run");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

/// A command that is not run by root, even if the tests are.
pub fn as_nobody(program: &Path) -> Command {
    let mut command = Command::new(program);
    command.current_dir("/tmp");
    if is_root() {
        command.uid(NOBODY).gid(NOBODY);
    }
    command
}

/// A folder that belongs to the user who runs the server, in memory if there is enough: a server has a
/// thousand files.
pub fn new_folder() -> PathBuf {
    let has_room = |memory: &&str| {
        statvfs(*memory).is_ok_and(|free| free.f_bavail * free.f_frsize > ENOUGH_MEMORY)
    };
    new_folder_in(Some(MEMORY).filter(has_room).map_or_else(env::temp_dir, PathBuf::from))
}

/// The same on a disk.
pub(super) fn new_folder_on_disk() -> PathBuf {
    new_folder_in(env::temp_dir())
}

fn new_folder_in(parent: PathBuf) -> PathBuf {
    let folder = tempfile::Builder::new().prefix("jam-lock-server").tempdir_in(parent);
    let folder = folder.unwrap().keep();
    if is_root() {
        chown(&folder, Some(NOBODY), Some(NOBODY)).unwrap();
    }
    folder
}

fn is_root() -> bool {
    fs::metadata("/proc/self").is_ok_and(|own| own.uid() == 0)
}
