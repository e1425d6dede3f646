//! Creates the files of a lock folder.

#[cfg(unix)]
mod with_mode;

use std::fs::File;
use std::io;
use std::path::Path;

use super::{open, platform};

/// Creates a file where there is none, with the given permissions, or else with `0666 & ~umask`.
///
/// It has its permissions as soon as others can see it.
pub(super) fn create(path: &Path, permissions: Option<u32>) -> io::Result<File> {
    match permissions {
        #[cfg(unix)]
        Some(mode) => with_mode::create(path, mode),
        _ => open::create_new(platform::open_options(), path),
    }
}
