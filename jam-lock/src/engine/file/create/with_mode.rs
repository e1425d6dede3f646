//! Creates files that have their mode as soon as others can see them.
//!
//! A file is created under a temporary name, given its mode, and linked to its path.

use std::fs::{self, File, Permissions};
use std::io::{self, ErrorKind};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::Path;

use crate::engine::file::syscall::{Syscall, retry};
use crate::engine::file::{open, platform, temporary_file};

/// Creates a file at `path`, where there is none, with `mode` whatever the umask.
pub(super) fn create(path: &Path, mode: u32) -> io::Result<File> {
    let temporary = temporary_file::path_beside(path);
    let file = create_less_umask(&temporary, mode)?;
    let linked = set_mode(&file, mode)
        .and_then(|()| retry(Syscall::Link, path, || fs::hard_link(&temporary, path)));
    // If that fails, a sweep removes it later.
    let _ = retry(Syscall::Remove, temporary.as_path(), || fs::remove_file(&temporary));
    match linked {
        Ok(()) => Ok(file),
        Err(error) if has_no_links(&error) => create_in_place(path, mode),
        Err(error) => Err(error),
    }
}

/// Creates the file at its path, on a file system that does not permit links: for an instant its
/// mode is reduced by the umask.
fn create_in_place(path: &Path, mode: u32) -> io::Result<File> {
    let file = create_less_umask(path, mode)?;
    set_mode(&file, mode)?;
    Ok(file)
}

fn create_less_umask(path: &Path, mode: u32) -> io::Result<File> {
    let mut options = platform::open_options();
    options.mode(mode);
    open::create_new(options, path)
}

fn set_mode(file: &File, mode: u32) -> io::Result<()> {
    retry(Syscall::SetMode, file, || file.set_permissions(Permissions::from_mode(mode)))
}

fn has_no_links(error: &io::Error) -> bool {
    use ErrorKind::{InvalidInput, PermissionDenied, TooManyLinks, Unsupported};
    matches!(error.kind(), InvalidInput | PermissionDenied | TooManyLinks | Unsupported)
}
