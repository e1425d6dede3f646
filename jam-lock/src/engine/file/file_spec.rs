//! [`FileSpec`]: where a file is, and how it is created.

use std::path::PathBuf;

/// The path of a file, and the permissions that it is created with.
#[derive(Clone)]
pub(super) struct FileSpec {
    pub(super) path: PathBuf,
    pub(super) permissions: Option<u32>,
}
