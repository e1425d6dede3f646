//! The locks that are compared.

mod alternatives;
mod flock;
mod jam_lock;
pub(crate) mod postgres;
mod python;
mod threaded;

use std::error::Error;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

pub(crate) use self::alternatives::file;

/// Longer than any wait here.
const TIMEOUT: Duration = Duration::from_secs(60);

/// The result of a measurement.
pub(crate) type Outcome<T = ()> = Result<T, Box<dyn Error>>;

/// An open lock that runs code while it is held.
pub(crate) trait Section {
    /// Acquires the lock, runs `inside`, and releases.
    fn run(&mut self, inside: &mut dyn FnMut()) -> Outcome;
}

/// A lock to compare.
#[derive(Clone, Copy)]
pub(crate) struct Contender {
    /// Its name, in the tables and as the file that it locks.
    pub(crate) name: &'static str,
    /// Whether it polls while it waits, which takes longer.
    pub(crate) polls: bool,
    kind: Kind,
}

#[derive(Clone, Copy)]
enum Kind {
    Rust(fn(&Path) -> Outcome<Box<dyn Section>>),
    /// A Python module.
    Python(&'static str),
}

/// The reference of the ratios: the system calls of jam-lock, without a timeout.
pub(crate) const REFERENCE: &str = "flock + path check";

/// The system calls without which there is no lock.
pub(crate) const BARE: &str = "flock, by fs2";

pub(crate) const STD: &str = "std";

/// This library, as it is by default.
pub(crate) const OURS: &str = "jam-lock, timed";

pub(crate) const UNRECORDED: &str = "jam-lock without records, timed";

/// All of them. Those called *timed* were measured with a timeout.
const ALL: [Contender; 16] = [
    rust(BARE, flock::bare),
    rust(REFERENCE, flock::checked),
    rust("flock + path check + record", flock::recorded),
    rust("flock + path check on a thread, timed", threaded::open),
    rust(OURS, jam_lock::open),
    rust(UNRECORDED, jam_lock::without_records),
    rust("jam-lock, timed, with a checked release", jam_lock::released),
    rust(STD, alternatives::std),
    rust("fd-lock", alternatives::fd_lock),
    rust("fslock", alternatives::fslock),
    rust("named-lock", alternatives::named_lock),
    rust("serial_test, opens each time", alternatives::serial_test),
    rust("filelock (Rust)", alternatives::filelock),
    Contender { polls: true, ..rust("filelock (Rust), timed", alternatives::filelock_timed) },
    python("filelock (Python), timed, opens each time", "filelock"),
    python("Jam.py, timed, opens each time", "jam"),
];

/// A wait that other processes can follow, because its owner has another lock; only for hand-offs.
pub(crate) const NESTED: Contender =
    rust("jam-lock, timed, with another lock held", jam_lock::nested);

/// A name with several permits, of which one falls free; only for hand-offs.
pub(crate) const PERMITS: Contender =
    rust("jam-lock, timed, the last of 3 permits", jam_lock::permits);

/// The advisory lock of another library.
pub(crate) const SQLX: &str = "sqlx, without a token";

/// The queries of jam-lock, from one session.
pub(crate) const SAME_QUERIES: &str = "a bare session with the same queries";

pub(crate) const ON_POSTGRES: &str = "jam-lock on PostgreSQL, timed";

/// The contenders on a server.
const ALL_ON_POSTGRES: [Contender; 5] = [
    rust("a bare session, without a token", postgres::bare),
    rust(SAME_QUERIES, postgres::recorded),
    rust(ON_POSTGRES, postgres::jam_lock),
    rust("jam-lock on PostgreSQL, timed, released with an answer", postgres::jam_lock_answered),
    rust(SQLX, postgres::sqlx),
];

const fn rust(name: &'static str, open: fn(&Path) -> Outcome<Box<dyn Section>>) -> Contender {
    Contender { name, polls: false, kind: Kind::Rust(open) }
}

const fn python(name: &'static str, module: &'static str) -> Contender {
    Contender { name, polls: true, kind: Kind::Python(module) }
}

/// Passes the Python that this process has found on to a process that it starts.
pub(crate) fn pass_python(command: &mut Command) {
    command.env(python::VARIABLE, python::interpreter().unwrap_or_default());
}

/// Removes what was installed for the measurements.
pub(crate) fn clean_up() {
    python::clean_up();
}

/// All contenders that can be measured on this machine.
pub(crate) fn all() -> Vec<Contender> {
    let has_python = python::interpreter().is_some();
    let is_available =
        |contender: &Contender| has_python || matches!(contender.kind, Kind::Rust(_));
    ALL.into_iter().filter(is_available).collect()
}

/// All contenders on a server.
pub(crate) fn on_postgres() -> Vec<Contender> {
    ALL_ON_POSTGRES.to_vec()
}

impl Contender {
    /// The contender `name`.
    pub(crate) fn named(name: &str) -> Outcome<Self> {
        let mut all = ALL.into_iter().chain([NESTED, PERMITS]).chain(ALL_ON_POSTGRES);
        let found = all.find(|contender| contender.name == name);
        found.ok_or_else(|| format!("no contender is called `{name}`").into())
    }

    /// Whether it runs in this process.
    pub(crate) fn is_rust(self) -> bool {
        matches!(self.kind, Kind::Rust(_))
    }

    /// The file that it locks in `folder`.
    pub(crate) fn path(self, folder: &Path) -> PathBuf {
        folder.join(format!("{}.lock", self.name))
    }

    /// Opens its lock in `folder`; a lock of Python is held by `flock`.
    pub(crate) fn open(self, folder: &Path) -> Outcome<Box<dyn Section>> {
        match self.kind {
            Kind::Rust(open) => open(&self.path(folder)),
            Kind::Python(_) => flock::bare(&self.path(folder)),
        }
    }

    /// The program that measures this contender in `role`: this one, started again, or Python.
    pub(crate) fn program(self, role: &str, folder: &Path) -> Outcome<Command> {
        match self.kind {
            Kind::Rust(_) => {
                let mut command = Command::new(std::env::current_exe()?);
                command.args([role, self.name]).arg(folder);
                Ok(command)
            }
            Kind::Python(module) => {
                let interpreter = python::interpreter().ok_or("there is no Python")?;
                let mut command = Command::new(interpreter);
                command.args(["-c", python::PROGRAM, role, module]).arg(self.path(folder));
                Ok(command)
            }
        }
    }
}
