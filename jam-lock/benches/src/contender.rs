//! The ways to take a lock that are compared.

mod flock;
mod jam_lock;
mod peers;
pub(crate) mod postgres;
mod python;
mod threaded;

use std::error::Error;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

pub(crate) use self::peers::file;

/// Longer than any wait here, so that it never ends one.
const TIMEOUT: Duration = Duration::from_secs(60);

/// What a measurement can end with.
pub(crate) type Outcome<T = ()> = Result<T, Box<dyn Error>>;

/// A lock, opened, that runs code while it is held.
pub(crate) trait Section {
    /// Acquires the lock, runs `inside`, and releases.
    fn run(&mut self, inside: &mut dyn FnMut()) -> Outcome;
}

/// A way to take a lock.
#[derive(Clone, Copy)]
pub(crate) struct Contender {
    /// What it is called, in the tables and as the file that it locks.
    pub(crate) name: &'static str,
    /// Whether it looks for the lock in intervals while it waits, and so takes its time.
    pub(crate) polls: bool,
    kind: Kind,
}

#[derive(Clone, Copy)]
enum Kind {
    Rust(fn(&Path) -> Outcome<Box<dyn Section>>),
    /// A module of Python's.
    Python(&'static str),
}

/// What the others are compared with: the system calls that jam-lock makes, without a timeout.
pub(crate) const REFERENCE: &str = "flock + path check";

/// All of them; those that say *timed* can end a wait, and did wait with a timeout.
const ALL: [Contender; 15] = [
    rust("flock, by fs2", flock::bare),
    rust(REFERENCE, flock::checked),
    rust("flock + path check + record", flock::recorded),
    rust("flock + path check on a thread, timed", threaded::open),
    rust("jam-lock, timed", jam_lock::open),
    rust("jam-lock without records, timed", jam_lock::without_records),
    rust("std", peers::std),
    rust("fd-lock", peers::fd_lock),
    rust("fslock", peers::fslock),
    rust("named-lock", peers::named_lock),
    rust("serial_test, opens each time", peers::serial_test),
    rust("filelock (Rust)", peers::filelock),
    Contender { polls: true, ..rust("filelock (Rust), timed", peers::filelock_timed) },
    python("filelock (Python), timed, opens each time", "filelock"),
    python("Jam.py, timed, opens each time", "jam"),
];

/// What those on a server are compared with: the questions that jam-lock asks, from one session.
pub(crate) const POSTGRES_REFERENCE: &str = "the same questions of a bare session";

/// Those on a server.
const ON_POSTGRES: [Contender; 4] = [
    rust("a bare session, without a token", postgres::bare),
    rust(POSTGRES_REFERENCE, postgres::recorded),
    rust("jam-lock on PostgreSQL, timed", postgres::jam_lock),
    rust("sqlx, without a token", postgres::sqlx),
];

const fn rust(name: &'static str, open: fn(&Path) -> Outcome<Box<dyn Section>>) -> Contender {
    Contender { name, polls: false, kind: Kind::Rust(open) }
}

const fn python(name: &'static str, module: &'static str) -> Contender {
    Contender { name, polls: true, kind: Kind::Python(module) }
}

/// Tells a process that is started where the Python is that this one has found.
pub(crate) fn tell(command: &mut Command) {
    command.env(python::VARIABLE, python::interpreter().unwrap_or_default());
}

/// Removes what was installed for the measurements.
pub(crate) fn clean_up() {
    python::clean_up();
}

/// All contenders that can be measured on this machine.
pub(crate) fn all() -> Vec<Contender> {
    let has_python = python::interpreter().is_some();
    let is_there = |contender: &Contender| has_python || matches!(contender.kind, Kind::Rust(_));
    ALL.into_iter().filter(is_there).collect()
}

/// All contenders on a server.
pub(crate) fn on_postgres() -> Vec<Contender> {
    ON_POSTGRES.to_vec()
}

impl Contender {
    /// The contender that is called `name`.
    pub(crate) fn named(name: &str) -> Outcome<Self> {
        let found = ALL.into_iter().chain(ON_POSTGRES).find(|contender| contender.name == name);
        found.ok_or_else(|| format!("no contender is called `{name}`").into())
    }

    /// Whether it is a lock of this program's own language.
    pub(crate) fn is_rust(self) -> bool {
        matches!(self.kind, Kind::Rust(_))
    }

    /// The file that it locks in `folder`.
    pub(crate) fn path(self, folder: &Path) -> PathBuf {
        folder.join(format!("{}.lock", self.name))
    }

    /// Opens a lock of this contender's own in `folder`; what Python locks is held by `flock`.
    pub(crate) fn open(self, folder: &Path) -> Outcome<Box<dyn Section>> {
        match self.kind {
            Kind::Rust(open) => open(&self.path(folder)),
            Kind::Python(_) => flock::bare(&self.path(folder)),
        }
    }

    /// The program that does `part` with this contender: this one, started again, or Python.
    pub(crate) fn program(self, part: &str, folder: &Path) -> Outcome<Command> {
        match self.kind {
            Kind::Rust(_) => {
                let mut command = Command::new(std::env::current_exe()?);
                command.args([part, self.name]).arg(folder);
                Ok(command)
            }
            Kind::Python(module) => {
                let interpreter = python::interpreter().ok_or("there is no Python")?;
                let mut command = Command::new(interpreter);
                command.args(["-c", python::PROGRAM, part, module]).arg(self.path(folder));
                Ok(command)
            }
        }
    }
}
