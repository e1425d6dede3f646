//! What the processes of a kill storm share: the locks, a clock, and the format of their logs.

use std::fmt::{self, Write as _};
use std::fs::File;
use std::io::{self, Write};
use std::path::Path;

use rustix::time::{ClockId, clock_gettime};

use crate::lock_names;
use jam_lock::{LockError, LockGuard, LockName, Locks};

/// The explicit mode of the files of keyed names.
pub const MODE: u32 = 0o660;

/// How many threads and tasks of each process use the locks.
pub const ACTORS: u64 = 7;

/// The locks that a storm uses, in the lock order.
pub fn names() -> Vec<LockName> {
    let keyed = (0..3).map(lock_names::customer_id);
    [lock_names::SECTION, lock_names::FIRST].into_iter().chain(keyed).collect()
}

/// Whether it is a keyed name, whose files come and go and have an explicit [`MODE`].
pub fn is_keyed(name: &str) -> bool {
    name.starts_with("customer_")
}

/// The locks of `folder`: those of the keyed names, and those of the others.
pub fn locks(folder: &Path) -> Result<(Locks, Locks), LockError> {
    let folder = folder.join("locks");
    // First, because the file `.tokens` gets the mode of the locks that are opened first.
    let keyed = Locks::builder().folder(&folder).mode(MODE).open()?;
    Ok((keyed, Locks::open(folder)?))
}

/// The time in nanoseconds, on a clock that all processes share.
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

/// The number of a section in its log.
pub struct SectionNumber(u64);

impl Log {
    /// The log with this name in `folder`.
    pub fn new(folder: &Path, name: &str) -> io::Result<Self> {
        let file = File::options().append(true).create_new(true).open(folder.join(name))?;
        Ok(Self { file, line: String::new(), sections: 0 })
    }

    /// Logs that a lock was acquired after `since`, which abandonment was reported, and the value of the
    /// counter.
    pub fn acquired(
        &mut self,
        since: i128,
        guard: &LockGuard,
        is_writer: bool,
        found: u64,
    ) -> io::Result<SectionNumber> {
        self.sections += 1;
        let (number, name, token) = (self.sections, guard.name(), guard.token());
        let report = Report(guard);
        self.write(format_args!(
            "acquired {number} {since} {name} {is_writer} {token} {found} {report}"
        ))?;
        Ok(SectionNumber(number))
    }

    /// Logs that the lock is about to be released.
    pub fn releasing(&mut self, SectionNumber(number): SectionNumber) -> io::Result<()> {
        let until = clock();
        self.write(format_args!("releasing {number} {until}"))
    }

    /// Logs that the locks of all sections so far have been released.
    pub fn released(&mut self) -> io::Result<()> {
        self.write(format_args!("released"))
    }

    /// Logs an event that is only counted.
    pub fn count(&mut self, what: &str) -> io::Result<()> {
        self.write(format_args!("count {what}"))
    }

    /// Logs an error that should not have happened.
    pub fn error(&mut self, error: &LockError) -> io::Result<()> {
        self.write(format_args!("error {error}"))
    }

    /// Writes in one call, so that a kill can cut a line only at the end of a page.
    fn write(&mut self, line: fmt::Arguments<'_>) -> io::Result<()> {
        self.line.clear();
        self.line
            .write_fmt(line)
            .and_then(|()| self.line.write_char('\n'))
            .map_err(io::Error::other)?;
        self.file.write_all(self.line.as_bytes())
    }
}

/// The report of an abandonment to a holder: none, a process and its token, or uncertain because the
/// record could not be read or written.
struct Report<'guard>(&'guard LockGuard);

impl fmt::Display for Report<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.record_error().is_some() {
            return f.write_str("uncertain");
        }
        let Some(died) = self.0.abandoned() else { return f.write_str("none") };
        // A death of an unknown process matches no process that was killed.
        let (process, token) = (died.process().unwrap_or(0), died.token().unwrap_or(0));
        write!(f, "{process}:{token}")
    }
}
