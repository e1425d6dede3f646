//! The Python libraries that lock the same files.

use std::ffi::OsString;
use std::path::Path;
use std::process::Command;

use jam_lock_tests::child::Child;
use jam_lock_tests::output::{printed, run_to_end};
use jam_lock_tests::requirements::{from_environment, python};

const PROGRAM: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/interop/child.py");

/// A library, in the Python that has it.
pub(crate) struct Library {
    python: OsString,
    module: &'static str,
}

impl Library {
    /// What every Jam.py application locks with: a copy of filelock 3.0.9.
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

    /// All of them, or none where one is missing.
    pub(crate) fn all() -> Vec<Self> {
        let all = [Self::of_jam(), Self::newest(), Self::that_removes()];
        all.into_iter().collect::<Option<_>>().unwrap_or_default()
    }

    /// Starts a process that holds the lock on `file`, and waits until it does.
    pub(crate) fn holding(&self, file: &Path) -> Child {
        Child::start(&mut self.order("hold", file)).after("held")
    }

    /// How it goes there to wait for the lock for so many seconds: `acquired` or `timed out`.
    pub(crate) fn attempt(&self, file: &Path, timeout: &str) -> String {
        printed(&run_to_end(self.order("try", file).arg(timeout)))
    }

    /// A process of `party` that takes so many turns at a counter beside `file`.
    pub(crate) fn counting(&self, file: &Path, party: &str, times: u32) -> Command {
        let mut order = self.order("count", file);
        order.arg(party).arg(times.to_string());
        order
    }

    fn order(&self, order: &str, file: &Path) -> Command {
        let mut command = Command::new(&self.python);
        command.arg(PROGRAM).arg(self.module).arg(order).arg(file);
        command
    }
}
