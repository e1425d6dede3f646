//! The alternatives in Python, in a virtual environment that is created for them.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;

use tempfile::TempDir;

/// The program of a Python process.
pub(super) const PROGRAM: &str = include_str!("python.py");

/// Has the path of the interpreter, or is empty if there is none.
pub(super) const VARIABLE: &str = "JAM_LOCK_BENCHES_PYTHON";

/// An environment with the newest `filelock` and Jam.py, if it could be created.
static ENVIRONMENT: OnceLock<Option<TempDir>> = OnceLock::new();

fn environment() -> Option<TempDir> {
    let folder = tempfile::tempdir().ok()?;
    let is_complete = run(Command::new("python3").args(["-m", "venv"]).arg(folder.path()))
        && run(Command::new(interpreter_in(folder.path()))
            .args(["-m", "pip", "install", "--quiet", "filelock", "jam.py"]));
    if !is_complete {
        eprintln!("without Python's filelock and Jam.py, which cannot be installed here");
    }
    is_complete.then_some(folder)
}

/// Removes the environment.
pub(super) fn clean_up() {
    if let Some(Some(folder)) = ENVIRONMENT.get() {
        // What cannot be removed stays in the system's temporary folder.
        let _ = std::fs::remove_dir_all(folder.path());
    }
}

/// The interpreter, if Python and a package registry are available.
pub(super) fn interpreter() -> Option<PathBuf> {
    // A process that this program has started gets it from there.
    if let Some(path) = std::env::var_os(VARIABLE) {
        return (!path.is_empty()).then(|| path.into());
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
