//! New files that have their mode from the moment at which others can see them.
//!
//! The file is made under a temporary name, given its mode, and linked to its path, where nothing may
//! be yet. What a process that is killed meanwhile leaves behind is called `.jam-lock-` and a number,
//! and is removed by [`sweep`].

use std::collections::hash_map::RandomState;
use std::fs::{self, File, Permissions};
use std::hash::BuildHasher;
use std::io::{self, ErrorKind};
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use super::opening::create_less_umask;
use super::system::{Call, ask};

/// What temporary names start with.
const PREFIX: &str = ".jam-lock-";

/// How long ago what was left behind was made at least: others are usually there for microseconds.
const LEFT_BEHIND: Duration = Duration::from_secs(60);

/// A new file at `path`, where there is none, with `mode` whatever the umask.
pub(super) fn create(path: &Path, mode: u32) -> io::Result<File> {
    let temporary = temporary_beside(path);
    let file = create_less_umask(&temporary, mode)?;
    let linked = set_mode(&file, mode)
        .and_then(|()| ask(Call::Link, path, || fs::hard_link(&temporary, path)));
    // A name that stays is litter, until it is swept.
    let _ = ask(Call::Remove, temporary.as_path(), || fs::remove_file(&temporary));
    match linked {
        Ok(()) => Ok(file),
        Err(error) if is_without_links(&error) => create_in_place(path, mode),
        Err(error) => Err(error),
    }
}

/// Makes it where the file system has no links, or lets nobody use them: for an instant it is as
/// private as the umask makes it.
fn create_in_place(path: &Path, mode: u32) -> io::Result<File> {
    let file = create_less_umask(path, mode)?;
    set_mode(&file, mode)?;
    Ok(file)
}

fn set_mode(file: &File, mode: u32) -> io::Result<()> {
    ask(Call::SetMode, file, || file.set_permissions(Permissions::from_mode(mode)))
}

fn is_without_links(error: &io::Error) -> bool {
    use ErrorKind::{InvalidInput, PermissionDenied, TooManyLinks, Unsupported};
    matches!(error.kind(), InvalidInput | PermissionDenied | TooManyLinks | Unsupported)
}

/// A name that no other file of the folder has, not even another process's.
fn temporary_beside(path: &Path) -> PathBuf {
    let number = RandomState::new().hash_one(path);
    path.with_file_name(format!("{PREFIX}{number:016x}"))
}

/// Removes what killed processes have left in `folder` while they made files.
pub(super) fn sweep(folder: &Path) {
    let list = || fs::read_dir(folder)?.map(|entry| Ok(entry?.path())).collect();
    let paths: Vec<PathBuf> = ask(Call::List, folder, list).unwrap_or_default();
    for path in paths.iter().filter(|path| is_temporary(path) && is_left_behind(path)) {
        // Whose it is, should that be alive, makes another one.
        let _ = ask(Call::Remove, path.as_path(), || fs::remove_file(path));
    }
}

fn is_temporary(path: &Path) -> bool {
    let name = path.file_name().and_then(|name| name.to_str());
    let number = name.and_then(|name| name.strip_prefix(PREFIX));
    number.is_some_and(|number| number.len() == 16 && u64::from_str_radix(number, 16).is_ok())
}

fn is_left_behind(path: &Path) -> bool {
    let look = ask(Call::Look, path, || fs::symlink_metadata(path));
    look.is_ok_and(|found| {
        // What is linked already needs its temporary name no more.
        let is_old = || found.modified().is_ok_and(is_long_ago);
        found.is_file() && (found.nlink() > 1 || is_old())
    })
}

fn is_long_ago(time: SystemTime) -> bool {
    time.elapsed().is_ok_and(|ago| ago >= LEFT_BEHIND)
}
