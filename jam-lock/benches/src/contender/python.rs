//! The Python peers, in a virtual environment that is made for them.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;

use tempfile::TempDir;

/// What a Python process does.
pub(super) const PROGRAM: &str = include_str!("python.py");

/// Names the interpreter, or is empty where there is none.
pub(super) const VARIABLE: &str = "JAM_LOCK_BENCHES_PYTHON";

/// An environment with `filelock` and Jam.py in their newest versions, if it could be made.
static ENVIRONMENT: OnceLock<Option<TempDir>> = OnceLock::new();

fn environment() -> Option<TempDir> {
    let folder = tempfile::tempdir().ok()?;
    let made = run(Command::new("python3").args(["-m", "venv"]).arg(folder.path()))
        && run(Command::new(interpreter_in(folder.path()))
            .args(["-m", "pip", "install", "--quiet", "filelock", "jam.py"]));
    if !made {
        eprintln!("without Python's filelock and Jam.py, which cannot be installed here");
    }
    made.then_some(folder)
}

/// Removes the environment.
pub(super) fn clean_up() {
    if let Some(Some(folder)) = ENVIRONMENT.get() {
        // What cannot be removed is in the system's folder for such things.
        let _ = std::fs::remove_dir_all(folder.path());
    }
}

/// The interpreter, where there is Python and a package registry.
pub(super) fn interpreter() -> Option<PathBuf> {
    // A process that this program has started is told.
    if let Some(told) = std::env::var_os(VARIABLE) {
        return (!told.is_empty()).then(|| told.into());
    }
    ENVIRONMENT.get_or_init(environment).as_ref().map(|folder| interpreter_in(folder.path()))
}

fn interpreter_in(environment: &Path) -> PathBuf {
    environment.join("bin/python")
}

fn run(command: &mut Command) -> bool {
    let status = command.stdout(Stdio::null()).stderr(Stdio::null()).status();
    status.is_ok_and(|status| status.success())
}
