//! [`TestClock`]: the clock by which the runs of a test's processes are recorded.

use std::fs;
use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use tempfile::TempDir;

/// A clock that stands still until the test sets it. Runs in files and in memory are recorded by it, in the
/// processes that the test starts with it.
pub struct TestClock {
    folder: TempDir,
    now: Duration,
}

impl TestClock {
    /// A clock that is set to some time in 2025.
    pub fn new() -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder can be made");
        let mut clock = Self { folder, now: Duration::ZERO };
        clock.set(Duration::from_secs(1_764_012_371));
        clock
    }

    /// Since 1970.
    pub fn now(&self) -> Duration {
        self.now
    }

    /// Sets it, with one step that all processes see as a whole.
    pub fn set(&mut self, now: Duration) {
        let temporary = self.folder.path().join("next");
        fs::write(&temporary, now.as_nanos().to_string()).expect("it can be written");
        fs::rename(temporary, self.path()).expect("it can be replaced");
        self.now = now;
    }

    /// Has the process that the command starts use it.
    pub fn used_by(&self, mut command: Command) -> Command {
        command.env("JAM_LOCK_TEST_CLOCK", self.path());
        command
    }

    fn path(&self) -> PathBuf {
        self.folder.path().join("now")
    }
}

impl Default for TestClock {
    fn default() -> Self {
        Self::new()
    }
}
