//! The line that says whom a person waits for.

use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use console::Term;
use indicatif::{ProgressBar, ProgressStyle};
use jam_lock::Lock;

use crate::output::say;
use crate::table::holder;

/// How long a wait has to be to be told of.
const PATIENCE: Duration = Duration::from_secs(1);

/// How often the line moves, so that a person sees that it lives.
const TICK: Duration = Duration::from_millis(100);

/// The line, which goes when it is dropped.
pub(super) struct Line {
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
}

struct Shared {
    shown: Mutex<Shown>,
    changed: Condvar,
}

/// What stands on the terminal.
#[derive(Default)]
struct Shown {
    is_over: bool,
    bar: Option<ProgressBar>,
}

impl Line {
    /// Tells who holds `lock`, after a while: on a terminal again and again in the same line, else
    /// once. Without a thread for it there is no line.
    pub(super) fn about(lock: Lock) -> Self {
        let shared = Arc::new(Shared { shown: Mutex::default(), changed: Condvar::new() });
        let told = Arc::clone(&shared);
        let thread = thread::Builder::new().spawn(move || told.tell(&lock)).ok();
        Self { shared, thread }
    }
}

impl Drop for Line {
    fn drop(&mut self) {
        let mut shown = self.shared.lock();
        shown.is_over = true;
        if let Some(bar) = shown.bar.take() {
            bar.finish_and_clear();
        }
        drop(shown);
        self.shared.changed.notify_all();
        // It has the lock's server in use, which is to be told first of what is released.
        let _ = self.thread.take().map(JoinHandle::join);
    }
}

impl Shared {
    fn tell(&self, lock: &Lock) {
        let is_terminal = Term::stderr().is_term();
        while self.goes_on() {
            let text = sentence(lock);
            let mut shown = self.lock();
            if shown.is_over {
                return;
            }
            if !is_terminal {
                return say(text);
            }
            shown.bar.get_or_insert_with(spinner).set_message(text);
        }
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

fn sentence(lock: &Lock) -> String {
    let name = lock.name();
    match lock.holder() {
        Some(found) => format!("waiting for lock `{name}`: {}", holder(&found)),
        None => format!("waiting for lock `{name}`, which somebody holds"),
    }
}

fn spinner() -> ProgressBar {
    let bar = ProgressBar::new_spinner();
    if let Ok(style) = ProgressStyle::with_template("{spinner} {elapsed} {wide_msg}") {
        bar.set_style(style);
    }
    bar.set_elapsed(PATIENCE);
    bar.enable_steady_tick(TICK);
    bar
}
