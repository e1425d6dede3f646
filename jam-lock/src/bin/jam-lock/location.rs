//! Where the locks are.

use std::env;
use std::ffi::OsString;
use std::path::PathBuf;

use jam_lock::{LockError, Locks};

use super::error::Error;

/// Where the locks are, and whether that was chosen.
pub(crate) struct Location {
    text: OsString,
    is_default: bool,
}

impl Location {
    /// The location that `--locks` gives, or else the variable or the default.
    pub(crate) fn new(option: Option<OsString>) -> Self {
        let is_chosen =
            option.is_some() || env::var_os("JAM_LOCK").is_some_and(|it| !it.is_empty());
        let text = option.unwrap_or_else(jam_lock::default_location);
        if is_chosen {
            return Self { text, is_default: false };
        }
        // The whole path, for messages.
        let here = env::current_dir().unwrap_or_default();
        Self { text: here.join(text).into(), is_default: true }
    }

    /// Whether it was not chosen, so it depends on the current directory.
    pub(crate) fn is_default(&self) -> bool {
        self.is_default
    }

    /// The default folder, if it does not exist yet.
    pub(crate) fn missing_default(&self) -> Option<PathBuf> {
        let folder = PathBuf::from(&self.text);
        (self.is_default && !folder.exists()).then_some(folder)
    }

    /// Opens the locks, and creates their folder if it is missing and `may_create` is set.
    pub(crate) fn open(&self, may_create: bool) -> Result<Locks, LockError> {
        let builder = Locks::builder();
        let builder = if may_create { builder } else { builder.must_exist() };
        builder.at(&self.text)
    }

    /// Opens the locks without creating a folder.
    pub(crate) fn open_existing(&self) -> Result<Locks, Error> {
        self.open(false).map_err(|error| match error {
            LockError::Io { .. } => Error::Location { error, is_default: self.is_default },
            error => Error::Lock(error),
        })
    }
}
