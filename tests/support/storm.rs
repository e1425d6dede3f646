//! What the processes of a storm write down, and by which clock.

use std::fmt::Write as _;
use std::fs::File;
use std::io::{self, Write};
use std::path::Path;

use rustix::time::{ClockId, clock_gettime};

use crate::lock_names;
use jam_lock::LockName;

/// The locks over which a storm goes, in the lock order.
pub fn names() -> Vec<LockName> {
    let keyed = (0..3).map(lock_names::customer_id);
    [lock_names::SECTION, lock_names::FIRST].into_iter().chain(keyed).collect()
}

/// Nanoseconds on a clock that all processes share.
pub fn clock() -> i128 {
    let now = clock_gettime(ClockId::Monotonic);
    i128::from(now.tv_sec) * 1_000_000_000 + i128::from(now.tv_nsec)
}

/// The log of one thread or task.
pub struct Log {
    file: File,
    line: String,
    sections: u64,
}

/// A section that has begun.
pub struct Begun(u64);

impl Log {
    /// The log with this name in `folder`.
    pub fn new(folder: &Path, name: &str) -> io::Result<Self> {
        let file = File::options().append(true).create_new(true).open(folder.join(name))?;
        Ok(Self { file, line: String::new(), sections: 0 })
    }

    /// Writes down that somebody is inside, since when, and what it found there.
    pub fn enter(
        &mut self,
        since: i128,
        name: &LockName,
        is_writer: bool,
        token: u64,
        found: u64,
    ) -> io::Result<Begun> {
        self.sections += 1;
        let number = self.sections;
        self.write(format_args!("enter {number} {since} {name} {is_writer} {token} {found}"))?;
        Ok(Begun(number))
    }

    /// Writes down that it is about to leave.
    pub fn leave(&mut self, Begun(number): Begun) -> io::Result<()> {
        let until = clock();
        self.write(format_args!("leave {number} {until}"))
    }

    /// Writes down that something went wrong that should not have.
    pub fn trouble(&mut self, what: &str) -> io::Result<()> {
        self.write(format_args!("trouble {what}"))
    }

    /// By one call, so that a kill can only cut a line where a page of the file ends.
    fn write(&mut self, line: std::fmt::Arguments<'_>) -> io::Result<()> {
        self.line.clear();
        self.line
            .write_fmt(line)
            .and_then(|()| self.line.write_char('\n'))
            .map_err(io::Error::other)?;
        self.file.write_all(self.line.as_bytes())
    }
}
