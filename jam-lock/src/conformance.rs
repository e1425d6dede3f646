//! The conformance suite: checks that every engine must pass, for you to run against your own.
//!
//! A check simulates several processes: engines that share their locks and nothing else. Each has
//! an [identity](crate::engine::Engine::identity) of its own, so that none shares a gate with
//! another. The checks cover every capability that the engine
//! [supports](crate::engine::Engine::supports), and make sure that it lacks the others.
//!
//! How to implement an engine is described in the guide,
//! [`guide::custom_engine`](crate::guide::custom_engine).
//!
//! # Example
//! ```
//! use jam_lock::conformance::{CHECKS, Subject, files};
//! use jam_lock::engine::Engine;
//! use std::sync::Arc;
//!
//! struct Files(tempfile::TempDir);
//!
//! impl Subject for Files {
//!     fn process(&self) -> Arc<dyn Engine> {
//!         files(self.0.path()).expect("a temporary folder can be used")
//!     }
//! }
//!
//! let subject = Files(tempfile::tempdir()?);
//! for (name, check) in CHECKS {
//!     println!("{name}");
//!     check(&subject);
//! }
//! # Ok::<(), std::io::Error>(())
//! ```

mod claims;
mod failures;
mod one_process;
mod permits;
mod processes;
mod runs;

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use crate::engine::Engine;
use crate::engine::file::FileEngine;
use crate::error::LockError;
use crate::lock::Lock;
use crate::locks::Locks;
use crate::name::LockName;

/// How long a check waits if it expects a timeout.
const SHORT: Duration = Duration::from_millis(50);

/// The engine to check, and the means to make its processes die or lose a lock.
///
/// Only [`Subject::process`] is required. By default, the methods that return a `bool` do nothing
/// and return `false`, and the checks skip the steps that need them.
pub trait Subject: Sync {
    /// Opens the engine as one more process would.
    fn process(&self) -> Arc<dyn Engine>;

    /// Makes a process acquire the lock `name` as a writer, and die while it holds the lock.
    fn die_holding(&self, name: &LockName) -> bool {
        let _ = name;
        false
    }

    /// Takes the lock `name` away from its holder, and waits until the holder can know of it.
    fn lose(&self, name: &LockName) -> bool {
        let _ = name;
        false
    }

    /// How long a check waits for what must happen, by default one minute: longer than it takes on
    /// any machine.
    fn timeout(&self) -> Duration {
        Duration::from_secs(60)
    }

    /// Waits until at least `processes` processes wait for the lock `name` at the engine.
    fn wait_for_waiters(&self, name: &LockName, processes: usize) -> bool {
        let _ = (name, processes);
        false
    }
}

/// A check: it panics, with a message that says why, if the engine does not pass.
pub type Check = fn(&dyn Subject);

/// All checks, with their names.
pub const CHECKS: &[(&str, Check)] = &[
    ("mutual exclusion", processes::mutual_exclusion),
    ("timeout", processes::timeout),
    ("order among processes", processes::order),
    ("readers and writers", processes::readers_and_writers),
    ("keys", processes::keys),
    ("lock sets", processes::lock_sets),
    ("tokens", processes::tokens),
    ("sweep", processes::sweep),
    ("at most every", runs::at_most_every),
    ("runs that do not count", runs::runs_that_do_not_count),
    ("runs of a keyed name", runs::runs_of_a_keyed_name),
    ("holder", processes::holder),
    ("list", processes::list),
    ("status", processes::status),
    ("order within a process", one_process::order),
    ("hand-off", one_process::hand_off),
    ("re-entrancy", one_process::reentrancy),
    ("lock order", one_process::lock_order),
    ("cancellation of a wait", failures::cancellation_of_a_wait),
    ("cancellation of a try", failures::cancellation_of_a_try),
    ("abandonment", failures::abandonment),
    ("permits", permits::permits),
    ("waits for permits", permits::waits_for_permits),
    ("abandonment of a permit", permits::abandonment_of_a_permit),
    ("loss", failures::loss),
    ("loss during a hand-off", failures::loss_during_a_hand_off),
    ("release in another mode", claims::release_in_another_mode),
    ("release of an unused claim", claims::release_of_an_unused_claim),
];

/// Opens the file engine, as one more process would.
///
/// # Errors
/// Those of [`Locks::open`].
pub fn files(folder: impl AsRef<Path>) -> Result<Arc<dyn Engine>, LockError> {
    Ok(Arc::new(FileEngine::open(folder.as_ref(), true, None)?.of_process(number())))
}

/// Opens the PostgreSQL engine, as one more process would.
///
/// # Errors
/// Those of [`Locks::connect`].
#[cfg(feature = "postgres")]
pub fn postgres(url: &str) -> Result<Arc<dyn Engine>, LockError> {
    use crate::engine::postgres::{PostgresEngine, Url};

    Ok(Arc::new(PostgresEngine::open(Url::parse(url)?)?.of_process(number())))
}

/// A number that no other process and no other check has.
fn number() -> u64 {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    NEXT.fetch_add(1, Ordering::Relaxed)
}

/// Waits until at least `threads` threads of its process queue for `lock`.
fn wait_until_queued(subject: &dyn Subject, lock: &Lock, threads: usize) {
    let start = Instant::now();
    while lock.queued() < threads {
        assert!(start.elapsed() < subject.timeout(), "a thread does not start to wait");
        thread::yield_now();
    }
}

/// A name that no other check has.
fn name() -> LockName {
    LockName::new(format!("checked {}", number())).expect("it is a valid name")
}

/// The lock `name`, in one more process.
fn lock(subject: &dyn Subject, name: &LockName) -> Lock {
    Locks::with_engine(subject.process()).lock(name.clone())
}
