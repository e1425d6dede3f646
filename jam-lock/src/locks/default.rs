//! The default [`Locks`], which a name stands for where no other is given.

use std::env;
use std::ffi::OsString;
use std::sync::{Mutex, OnceLock, PoisonError};

use super::Locks;
use crate::error::LockError;
use crate::per_process::PerProcess;

/// Where Jam.py keeps its lock files, seen from the application's folder.
pub(super) const FOLDER: &str = "locks";

/// Names another folder than [`FOLDER`].
const VARIABLE: &str = "JAM_LOCK";

static DEFAULT: PerProcess<DefaultLocks> = PerProcess::new();

/// What a process has made its default, or is just opening.
#[derive(Default)]
struct DefaultLocks {
    locks: OnceLock<Locks>,
    opening: Mutex<()>,
}

/// The default that this process has, or has inherited: a fork that chose another one in silence
/// would exclude nobody whom its parent does.
fn settled() -> Option<&'static Locks> {
    DEFAULT.find(|default| default.locks.get())
}

/// The default locks, which `#[locked]` and `locked!` use.
///
/// They are what [`set_default_locks`] was given, else those at the [`default_location`]. They are
/// resolved on first use, once for the process. Where they are those of a server, that use waits for
/// its answer, and blocks its thread for up to ten seconds: an asynchronous program calls this first in
/// its `main`.
///
/// # Errors
/// As [`Locks::at`]; the next call tries again.
pub fn default_locks() -> Result<&'static Locks, LockError> {
    if let Some(locks) = settled() {
        return Ok(locks);
    }
    let default = DEFAULT.get();
    // One thread opens, so that all get the same.
    let _opening = default.opening.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(locks) = default.locks.get() {
        return Ok(locks);
    }
    let locks = Locks::at(default_location())?;
    Ok(default.locks.get_or_init(|| locks))
}

/// Makes `locks` the default for `#[locked]`, `locked!` and [`default_locks`].
///
/// # Errors
/// [`LockError::DefaultAlreadySet`] when the default was set before, or used already: what was taken
/// there would not exclude what is taken here.
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
    let is_set = settled().is_none() && DEFAULT.get().locks.set(locks).is_ok();
    if is_set {
        return Ok(());
    }
    Err(LockError::DefaultAlreadySet {
        location: settled().map(Locks::location).unwrap_or_default(),
    })
}

/// Where the default locks are, unless [`set_default_locks`] says otherwise: what the environment's
/// `JAM_LOCK` names, if it is not empty; else `locks` in the current directory. It is a place for
/// [`Locks::at`].
#[must_use]
pub fn default_location() -> OsString {
    let chosen = env::var_os(VARIABLE).filter(|chosen| !chosen.is_empty());
    chosen.unwrap_or_else(|| FOLDER.into())
}
