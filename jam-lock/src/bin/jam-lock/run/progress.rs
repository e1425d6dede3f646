//! The line that shows the holder of the lock during a wait.

use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use console::{Term, truncate_str};
use jam_lock::Lock;

use crate::output::say;
use crate::text::{duration, held_by};

/// How long a wait lasts before the line appears, and between its updates.
const INTERVAL: Duration = Duration::from_secs(1);

/// Columns left free at the end of the line for an echoed `^C`, which would not be cleared if it
/// wrapped.
const MARGIN: usize = 4;

/// The line, cleared when dropped.
pub(super) struct Progress {
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
}

struct Shared {
    terminal: Term,
    shown: Mutex<Shown>,
    changed: Condvar,
}

/// The state of the line on the terminal.
#[derive(Default)]
struct Shown {
    is_over: bool,
    is_drawn: bool,
}

impl Progress {
    /// Shows the holder of `lock` after a second: on a terminal in one line that is updated, else
    /// once. Shows nothing if no thread can be started.
    pub(super) fn show(lock: Lock) -> Self {
        let (shown, changed) = (Mutex::default(), Condvar::new());
        let shared = Arc::new(Shared { terminal: Term::stderr(), shown, changed });
        let thread_shared = Arc::clone(&shared);
        let thread = thread::Builder::new().spawn(move || thread_shared.run(&lock)).ok();
        Self { shared, thread }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        let mut shown = self.shared.lock();
        shown.is_over = true;
        if shown.is_drawn {
            let _ = self.shared.terminal.clear_line();
        }
        drop(shown);
        self.shared.changed.notify_all();
        // Its query must be finished before the lock is released on the same server.
        let _ = self.thread.take().map(JoinHandle::join);
    }
}

impl Shared {
    fn run(&self, lock: &Lock) {
        let begun = Instant::now();
        while self.is_still_waiting() {
            let held = match lock.holder() {
                Some(holder) => held_by(&holder),
                None => "held by an unknown process".to_owned(),
            };
            let mut shown = self.lock();
            if shown.is_over {
                return;
            }
            if !self.terminal.is_term() {
                return say(format_args!("waiting for lock `{}`: {held}", lock.name()));
            }
            shown.is_drawn = true;
            let waited = duration(begun.elapsed());
            self.draw(&format!("waiting {waited} for lock `{}`: {held}", lock.name()));
        }
    }

    fn draw(&self, text: &str) {
        let width = usize::from(self.terminal.size().1).saturating_sub(MARGIN);
        let _ = self.terminal.clear_line();
        let _ = self.terminal.write_str(&truncate_str(text, width, "…"));
    }

    /// Sleeps for the interval; `false` if the wait ended before.
    fn is_still_waiting(&self) -> bool {
        let shown = self.lock();
        let ended = self.changed.wait_timeout_while(shown, INTERVAL, |shown| !shown.is_over);
        !ended.unwrap_or_else(PoisonError::into_inner).0.is_over
    }

    fn lock(&self) -> MutexGuard<'_, Shown> {
        self.shown.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
