//! The Python libraries that lock the same files.

use std::ffi::OsString;
use std::path::Path;
use std::process::Command;

use jam_lock_tests::child::Child;
use jam_lock_tests::output::{printed, run_to_end};
use jam_lock_tests::requirements::{from_environment, python};

const PROGRAM: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/interop/child.py");

/// A library, and the Python that has it.
pub(crate) struct Library {
    python: OsString,
    module: &'static str,
}

impl Library {
    /// The library of Jam.py applications: a copy of filelock 3.0.9.
    pub(crate) fn of_jam() -> Option<Self> {
        Some(Self { python: python()?, module: "jam.third_party.filelock" })
    }

    /// The newest filelock.
    pub(crate) fn newest() -> Option<Self> {
        Some(Self { python: python()?, module: "filelock" })
    }

    /// filelock 3.25.0, which removes the file whenever it releases the lock.
    pub(crate) fn that_removes() -> Option<Self> {
        let python = from_environment("JAM_LOCK_PYTHON_3_25", "a Python with `filelock` 3.25.0")?;
        Some(Self { python, module: "filelock" })
    }

    /// All of them, or none if one is missing.
    pub(crate) fn all() -> Vec<Self> {
        let all = [Self::of_jam(), Self::newest(), Self::that_removes()];
        all.into_iter().collect::<Option<_>>().unwrap_or_default()
    }

    /// Starts a process that holds the lock on `file`, and waits until it does.
    pub(crate) fn holding(&self, file: &Path) -> Child {
        Child::start(&mut self.command("hold", file)).after("held")
    }

    /// Waits there for the lock for so many seconds, and returns `acquired` or `timed out`.
    pub(crate) fn attempt(&self, file: &Path, timeout: &str) -> String {
        printed(&run_to_end(self.command("try", file).arg(timeout)))
    }

    /// A process that adds to a counter beside `file` so many times, as `party`.
    pub(crate) fn counting(&self, file: &Path, party: &str, times: u32) -> Command {
        let mut command = self.command("count", file);
        command.arg(party).arg(times.to_string());
        command
    }

    fn command(&self, action: &str, file: &Path) -> Command {
        let mut command = Command::new(&self.python);
        command.arg(PROGRAM).arg(self.module).arg(action).arg(file);
        command
    }
}
