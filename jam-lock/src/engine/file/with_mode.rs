//! New files that have their mode from the moment at which others can see them.
//!
//! The file is made under a temporary name, given its mode, and linked to its path, where nothing may
//! be yet. What a process that is killed meanwhile leaves behind is removed by [`sweep`].

use std::fs::{self, File, Permissions};
use std::io::{self, ErrorKind};
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use super::open::create_less_umask;
use super::system::{Call, ask};
use super::temporary_name;

/// How long ago what was left behind was made at least: others are usually there for microseconds.
const LEFT_BEHIND: Duration = Duration::from_secs(60);

/// A new file at `path`, where there is none, with `mode` whatever the umask.
pub(super) fn create(path: &Path, mode: u32) -> io::Result<File> {
    let temporary = temporary_name::beside(path);
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

/// Removes what killed processes have left in `folder` while they made files.
pub(super) fn sweep(folder: &Path) {
    let list = || fs::read_dir(folder)?.map(|entry| Ok(entry?.path())).collect();
    let paths: Vec<PathBuf> = ask(Call::List, folder, list).unwrap_or_default();
    for path in paths.iter().filter(|path| temporary_name::is_one(path) && is_left_behind(path)) {
        // Whose it is, should that be alive, makes another one.
        let _ = ask(Call::Remove, path.as_path(), || fs::remove_file(path));
    }
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
