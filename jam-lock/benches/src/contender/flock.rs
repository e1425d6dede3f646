//! `flock(2)` itself, with and without the look at the path that jam-lock takes.

#![expect(clippy::disallowed_methods, reason = "the bare calls are what is compared with")]

use std::fs::{self, File};
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use super::{Outcome, Section};

/// A file to be locked.
pub(super) struct Flock {
    file: File,
    path: PathBuf,
    checked: bool,
}

pub(super) fn bare(path: &Path) -> Outcome<Box<dyn Section>> {
    Ok(Box::new(Flock::open(path, false)?))
}

pub(super) fn checked(path: &Path) -> Outcome<Box<dyn Section>> {
    Ok(Box::new(Flock::open(path, true)?))
}

impl Flock {
    pub(super) fn open(path: &Path, checked: bool) -> io::Result<Self> {
        let file =
            File::options().read(true).write(true).create(true).truncate(false).open(path)?;
        Ok(Self { file, path: path.to_owned(), checked })
    }

    pub(super) fn lock(&self) -> io::Result<()> {
        fs2::FileExt::lock_exclusive(&self.file)?;
        if self.checked {
            let (open, named) = (self.file.metadata()?, fs::symlink_metadata(&self.path)?);
            assert_eq!((open.dev(), open.ino()), (named.dev(), named.ino()));
        }
        Ok(())
    }

    pub(super) fn unlock(&self) -> io::Result<()> {
        fs2::FileExt::unlock(&self.file)
    }
}

impl Section for Flock {
    fn run(&mut self, inside: &mut dyn FnMut()) -> Outcome {
        self.lock()?;
        inside();
        Ok(self.unlock()?)
    }
}
