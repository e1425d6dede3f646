//! Plain `flock(2)`, and with the other system calls of jam-lock: the check of the path, and the
//! record of the holder.

#![expect(clippy::disallowed_methods, reason = "the plain calls are the reference")]

use std::fs::{self, File};
use std::io;
use std::os::unix::fs::{FileExt, MetadataExt};
use std::path::{Path, PathBuf};

use super::{Outcome, Section};

/// A file to lock.
pub(super) struct Flock {
    file: File,
    path: PathBuf,
    checked: bool,
    record: Option<File>,
}

/// The sizes of a holder record, and of its first line.
const RECORD: [usize; 2] = [640, 45];

pub(super) fn bare(path: &Path) -> Outcome<Box<dyn Section>> {
    Ok(Box::new(Flock::open(path, false)?))
}

pub(super) fn checked(path: &Path) -> Outcome<Box<dyn Section>> {
    Ok(Box::new(Flock::open(path, true)?))
}

pub(super) fn recorded(path: &Path) -> Outcome<Box<dyn Section>> {
    Ok(Box::new(Flock::open_recorded(path)?))
}

impl Flock {
    pub(super) fn open(path: &Path, checked: bool) -> io::Result<Self> {
        let file =
            File::options().read(true).write(true).create(true).truncate(false).open(path)?;
        Ok(Self { file, path: path.to_owned(), checked, record: None })
    }

    pub(super) fn open_recorded(path: &Path) -> io::Result<Self> {
        let record = Self::open(&path.with_extension("holder"), false)?.file;
        Ok(Self { record: Some(record), ..Self::open(path, true)? })
    }

    pub(super) fn lock(&self) -> io::Result<()> {
        fs2::FileExt::lock_exclusive(&self.file)?;
        if self.checked {
            let (open, named) = (self.file.metadata()?, fs::symlink_metadata(&self.path)?);
            assert_eq!((open.dev(), open.ino()), (named.dev(), named.ino()));
        }
        if let Some(record) = &self.record {
            assert_eq!(record.metadata()?.nlink(), 1);
            record.read_at(&mut [0; RECORD[0]], 0)?;
            record.write_at(&[b' '; RECORD[0]], 0)?;
        }
        Ok(())
    }

    pub(super) fn unlock(&self) -> io::Result<()> {
        if let Some(record) = &self.record {
            record.write_at(&[b' '; RECORD[1]], 0)?;
        }
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
