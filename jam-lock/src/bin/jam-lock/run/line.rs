//! The line that says whom a person waits for.

use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use console::{Term, truncate_str};
use jam_lock::Lock;

use crate::output::say;
use crate::table::{duration, holder};

/// How long a wait has to be to be told of, and how often what is told is brought up to date.
const PATIENCE: Duration = Duration::from_secs(1);

/// What stays free at the end of the line, for the `^C` of who ends it: in the next line it would not
/// be cleared.
const MARGIN: usize = 4;

/// The line, which goes when it is dropped.
pub(super) struct Line {
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
}

struct Shared {
    terminal: Term,
    shown: Mutex<Shown>,
    changed: Condvar,
}

/// What stands on the terminal.
#[derive(Default)]
struct Shown {
    is_over: bool,
    is_drawn: bool,
}

impl Line {
    /// Tells who holds `lock`, after a while: on a terminal again and again in the same line, else
    /// once. Without a thread for it there is no line.
    pub(super) fn about(lock: Lock) -> Self {
        let (shown, changed) = (Mutex::default(), Condvar::new());
        let shared = Arc::new(Shared { terminal: Term::stderr(), shown, changed });
        let told = Arc::clone(&shared);
        let thread = thread::Builder::new().spawn(move || told.tell(&lock)).ok();
        Self { shared, thread }
    }
}

impl Drop for Line {
    fn drop(&mut self) {
        let mut shown = self.shared.lock();
        shown.is_over = true;
        if shown.is_drawn {
            let _ = self.shared.terminal.clear_line();
        }
        drop(shown);
        self.shared.changed.notify_all();
        // It has the lock's server in use, which is to be told first of what is released.
        let _ = self.thread.take().map(JoinHandle::join);
    }
}

impl Shared {
    fn tell(&self, lock: &Lock) {
        let begun = Instant::now();
        while self.goes_on() {
            let who = match lock.holder() {
                Some(found) => holder(&found),
                None => "held by somebody who is not known".to_owned(),
            };
            let mut shown = self.lock();
            if shown.is_over {
                return;
            }
            if !self.terminal.is_term() {
                return say(format_args!("waiting for lock `{}`: {who}", lock.name()));
            }
            shown.is_drawn = true;
            let waited = duration(begun.elapsed());
            self.draw(&format!("waiting {waited} for lock `{}`: {who}", lock.name()));
        }
    }

    fn draw(&self, text: &str) {
        let width = usize::from(self.terminal.size().1).saturating_sub(MARGIN);
        let _ = self.terminal.clear_line();
        let _ = self.terminal.write_str(&truncate_str(text, width, "…"));
    }

    /// Waits for a while, and tells whether the wait has not ended meanwhile.
    fn goes_on(&self) -> bool {
        let shown = self.lock();
        let ended = self.changed.wait_timeout_while(shown, PATIENCE, |shown| !shown.is_over);
        !ended.unwrap_or_else(PoisonError::into_inner).0.is_over
    }

    fn lock(&self) -> MutexGuard<'_, Shown> {
        self.shown.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
