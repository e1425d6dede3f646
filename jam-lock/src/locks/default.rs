//! The default [`Locks`], which the macros use unless they are given others.

use std::env;
use std::ffi::OsString;
use std::sync::{Mutex, OnceLock, PoisonError};

use super::{Locks, default_override};
use crate::error::LockError;
use crate::per_process::PerProcess;

/// The folder of Jam.py's lock files, relative to the application's folder.
pub(super) const FOLDER: &str = "locks";

/// The environment variable that overrides [`FOLDER`].
const VARIABLE: &str = "JAM_LOCK";

static DEFAULT: PerProcess<DefaultLocks> = PerProcess::new();

/// The default of a process, once it is set.
#[derive(Default)]
struct DefaultLocks {
    locks: OnceLock<Locks>,
    opening: Mutex<()>,
}

/// The default of this process, set or inherited: a forked child that silently chose another one would not
/// exclude its parent.
fn already_set() -> Option<&'static Locks> {
    DEFAULT.find(|default| default.locks.get())
}

/// The default locks, which `#[locked]` and `locked!` use.
///
/// They are the argument of [`set_default_locks`], or else the locks at [`default_location`]. They are opened
/// on first use, once in a process. A test can [override](Locks::override_default) them.
///
/// # Blocking
/// If they are those of a server, the first use blocks its thread until the server answers, for up to ten
/// seconds. An asynchronous program should call this at the start of its `main`.
///
/// # Errors
/// As [`Locks::at`]; the next call tries again.
pub fn default_locks() -> Result<Locks, LockError> {
    with_default_locks(Locks::clone)
}

/// Calls `then` with the default locks, which need not be cloned.
pub(crate) fn with_default_locks<R>(then: impl FnOnce(&Locks) -> R) -> Result<R, LockError> {
    match default_override::current() {
        Some(locks) => Ok(then(&locks)),
        None => default_of_process().map(then),
    }
}

fn default_of_process() -> Result<&'static Locks, LockError> {
    if let Some(locks) = already_set() {
        return Ok(locks);
    }
    let default = DEFAULT.get();
    // Only one thread opens the locks, so that all threads get the same.
    let _opening = default.opening.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(locks) = default.locks.get() {
        return Ok(locks);
    }
    let locks = Locks::at(default_location())?;
    Ok(default.locks.get_or_init(|| locks))
}

/// Makes `locks` the default for `#[locked]`, `locked!` and [`default_locks`], in the whole process.
///
/// For one test, use [`Locks::override_default`] instead.
///
/// # Errors
/// [`LockError::DefaultAlreadySet`] if the default was already set or used: locks acquired from the previous
/// one would not exclude those of this one.
///
/// # Example
/// ```
/// use jam_lock::Locks;
///
/// # let folder = tempfile::tempdir()?;
/// # let folder = folder.path();
/// jam_lock::set_default_locks(Locks::open(folder)?)?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn set_default_locks(locks: Locks) -> Result<(), LockError> {
    let is_set = already_set().is_none() && DEFAULT.get().locks.set(locks).is_ok();
    if is_set {
        return Ok(());
    }
    Err(LockError::DefaultAlreadySet {
        location: already_set().map(Locks::location).unwrap_or_default(),
    })
}

/// The location of the default locks, unless [`set_default_locks`] was called, for [`Locks::at`].
///
/// It is the value of the environment variable `JAM_LOCK`, or `locks` in the current directory if that is
/// not set or empty.
#[must_use]
pub fn default_location() -> OsString {
    let chosen = env::var_os(VARIABLE).filter(|chosen| !chosen.is_empty());
    chosen.unwrap_or_else(|| FOLDER.into())
}
