//! What the processes of a storm share: the locks, a clock, and how they log what they did.

use std::fmt::{self, Write as _};
use std::fs::File;
use std::io::{self, Write};
use std::path::Path;

use rustix::time::{ClockId, clock_gettime};

use crate::lock_names;
use jam_lock::{LockError, LockGuard, LockName, Locks};

/// The mode of the files of keyed names, whatever the umask of the process that makes them.
pub const MODE: u32 = 0o660;

/// How many threads and tasks of each process use the locks.
pub const HANDS: u64 = 7;

/// The locks that a storm uses, in the lock order.
pub fn names() -> Vec<LockName> {
    let keyed = (0..3).map(lock_names::customer_id);
    [lock_names::SECTION, lock_names::FIRST].into_iter().chain(keyed).collect()
}

/// Whether the files of this name come and go, and have an explicit [`MODE`].
pub fn is_keyed(name: &str) -> bool {
    name.starts_with("customer_")
}

/// The locks of `folder`: those of the keyed names, and those of the others.
pub fn locks(folder: &Path) -> Result<(Locks, Locks), LockError> {
    let folder = folder.join("locks");
    // First, because the folder's `.tokens` has the mode of whoever opens it first.
    let keyed = Locks::builder().folder(&folder).mode(MODE).open()?;
    Ok((keyed, Locks::open(folder)?))
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

    /// Logs a section that has begun at `since`, what its holder was told, and what it found there.
    pub fn enter(
        &mut self,
        since: i128,
        guard: &LockGuard,
        is_writer: bool,
        found: u64,
    ) -> io::Result<Begun> {
        self.sections += 1;
        let (number, name, token, told) = (self.sections, guard.name(), guard.token(), Told(guard));
        self.write(format_args!(
            "enter {number} {since} {name} {is_writer} {token} {found} {told}"
        ))?;
        Ok(Begun(number))
    }

    /// Logs that the section is about to end.
    pub fn leave(&mut self, Begun(number): Begun) -> io::Result<()> {
        let until = clock();
        self.write(format_args!("leave {number} {until}"))
    }

    /// Logs that the locks of all sections so far are released.
    pub fn released(&mut self) -> io::Result<()> {
        self.write(format_args!("released"))
    }

    /// Logs something that is only to be counted.
    pub fn count(&mut self, what: &str) -> io::Result<()> {
        self.write(format_args!("count {what}"))
    }

    /// Logs an error that should not have happened.
    pub fn error(&mut self, error: &LockError) -> io::Result<()> {
        self.write(format_args!("error {error}"))
    }

    /// In one call, so that a kill can only cut a line where a page of the file ends.
    fn write(&mut self, line: fmt::Arguments<'_>) -> io::Result<()> {
        self.line.clear();
        self.line
            .write_fmt(line)
            .and_then(|()| self.line.write_char('\n'))
            .map_err(io::Error::other)?;
        self.file.write_all(self.line.as_bytes())
    }
}

/// What a holder is told of who died with the lock: nobody, a process and its token, or that this is
/// not certain, because the record could not be read or written.
struct Told<'guard>(&'guard LockGuard);

impl fmt::Display for Told<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.record_error().is_some() {
            return f.write_str("uncertain");
        }
        let Some(died) = self.0.abandoned() else { return f.write_str("nobody") };
        // A death of which nothing is known is one of no process that was killed.
        let (process, token) = (died.process().unwrap_or(0), died.token().unwrap_or(0));
        write!(f, "{process}:{token}")
    }
}
