//! What every engine has to do, as checks that can be run over one of your own.
//!
//! A check plays with several processes, which are engines that share their locks and nothing else:
//! each has an [identity](crate::engine::Engine::identity) of its own, so that none shares a gate
//! with another. What an engine says that it [can](crate::engine::Engine::can) is checked, and what
//! it says that it cannot do as well.
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
mod processes;

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

/// How long a check waits where it expects to wait in vain.
const SHORT: Duration = Duration::from_millis(50);

/// An engine that is checked, and what can be done to it.
///
/// What is left out cannot be done to it, which a check then goes without.
pub trait Subject: Sync {
    /// The engine of one more process.
    fn process(&self) -> Arc<dyn Engine>;

    /// Has somebody acquire the lock `name` as a writer, and die with it.
    fn die_with(&self, name: &LockName) -> bool {
        let _ = name;
        false
    }

    /// Takes the lock `name` from whoever holds it, without their doing, and lets as much time pass
    /// as they need to know.
    fn lose(&self, name: &LockName) -> bool {
        let _ = name;
        false
    }

    /// How long a check waits for what has to happen: longer than that takes on any machine.
    fn patience(&self) -> Duration {
        Duration::from_secs(60)
    }

    /// Waits until so many processes wait for the lock `name` at the engine.
    fn until_waiting(&self, name: &LockName, processes: usize) -> bool {
        let _ = (name, processes);
        false
    }
}

/// A check: it panics with a sentence where the engine fails it.
pub type Check = fn(&dyn Subject);

/// All checks, by name.
pub const CHECKS: &[(&str, Check)] = &[
    ("exclusion", processes::exclusion),
    ("deadline", processes::deadline),
    ("order of service", processes::order_of_service),
    ("readers and writers", processes::readers_and_writers),
    ("keys", processes::keys),
    ("several", processes::several),
    ("tokens", processes::tokens),
    ("holder", processes::holder),
    ("survey", processes::survey),
    ("status", processes::status),
    ("order within a process", one_process::order),
    ("hand-over", one_process::hand_over),
    ("re-entrancy", one_process::reentrancy),
    ("lock order", one_process::lock_order),
    ("cancellation at every step", failures::cancellation),
    ("cancellation of a try", failures::cancellation_of_a_try),
    ("abandonment", failures::abandonment),
    ("loss", failures::loss),
    ("loss during a hand-over", failures::loss_during_a_hand_over),
    ("release in another mode", claims::release_in_another_mode),
    ("release of what nobody used", claims::release_of_what_nobody_used),
];

/// The file engine, as one more process has it.
///
/// # Errors
/// As [`Locks::open`].
pub fn files(folder: impl AsRef<Path>) -> Result<Arc<dyn Engine>, LockError> {
    Ok(Arc::new(FileEngine::open(folder.as_ref(), true, None)?.of_process(number())))
}

/// The PostgreSQL engine, as one more process has it.
///
/// # Errors
/// As [`Locks::connect`].
#[cfg(feature = "postgres")]
pub fn postgres(url: &str) -> Result<Arc<dyn Engine>, LockError> {
    use crate::engine::postgres::{PostgresEngine, Url};

    Ok(Arc::new(PostgresEngine::open(Url::parse(url)?)?.of_process(number())))
}

/// A number that no other process, and no other check, has.
fn number() -> u64 {
    static GIVEN: AtomicU64 = AtomicU64::new(0);
    GIVEN.fetch_add(1, Ordering::Relaxed)
}

/// Waits until so many threads of its process queue for `lock`.
fn until_queued(subject: &dyn Subject, lock: &Lock, threads: usize) {
    let start = Instant::now();
    while lock.queued() < threads {
        assert!(start.elapsed() < subject.patience(), "a thread does not come to wait");
        thread::yield_now();
    }
}

/// A name that no other check has.
fn name() -> LockName {
    LockName::new(format!("checked {}", number())).expect("it is portable")
}

/// The lock `name`, as one more process has it.
fn lock(subject: &dyn Subject, name: &LockName) -> Lock {
    Locks::with_engine(subject.process()).lock(name.clone())
}
