//! Names of files that are about to take another name, which no lock can have.
//!
//! What a process that is killed meanwhile leaves behind is known by its name, and
//! [`Locks::sweep`](crate::Locks::sweep) removes it.

use std::collections::hash_map::RandomState;
use std::hash::BuildHasher;
use std::path::{Path, PathBuf};

/// What temporary names start with.
const PREFIX: &str = ".jam-lock-";

/// A name beside `path` that no other file of the folder has, not even another process's.
pub(super) fn beside(path: &Path) -> PathBuf {
    let number = RandomState::new().hash_one(path);
    path.with_file_name(format!("{PREFIX}{number:016x}"))
}

/// Whether the file at `path` is called as one that is about to take another name.
#[cfg(unix)]
pub(super) fn is_one(path: &Path) -> bool {
    let name = path.file_name().and_then(|name| name.to_str());
    let number = name.and_then(|name| name.strip_prefix(PREFIX));
    number.is_some_and(|number| number.len() == 16 && u64::from_str_radix(number, 16).is_ok())
}
