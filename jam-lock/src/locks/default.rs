//! The default [`Locks`], which a name stands for where no other is given.

use std::env;
use std::path::Path;
use std::sync::{Mutex, OnceLock, PoisonError};

use super::Locks;
use crate::LockError;

/// Where Jam.py keeps its lock files, seen from the application's folder.
pub(super) const FOLDER: &str = "locks";

/// Names another folder than [`FOLDER`].
const VARIABLE: &str = "JAM_LOCK";

static DEFAULT: OnceLock<Locks> = OnceLock::new();
static OPENING: Mutex<()> = Mutex::new(());

/// The default locks, which `#[locked]` and `locked!` use.
///
/// They are what [`set_default_locks`] was given; else the folder that the environment's
/// `JAM_LOCK` names, if it is not empty; else `locks` in the current directory. They are resolved
/// on first use, once for the process.
///
/// # Errors
/// - [`LockError::Io`] when the folder cannot be made or resolved; the next call tries again.
/// - [`LockError::Unsupported`] when `JAM_LOCK` is the URL of an engine that this build lacks.
pub fn default_locks() -> Result<&'static Locks, LockError> {
    if let Some(locks) = DEFAULT.get() {
        return Ok(locks);
    }
    // One thread opens, so that all get the same.
    let _opening = OPENING.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(locks) = DEFAULT.get() {
        return Ok(locks);
    }
    let locks = from_environment()?;
    Ok(DEFAULT.get_or_init(|| locks))
}

/// Makes `locks` the default for `#[locked]`, `locked!` and [`default_locks`].
///
/// # Errors
/// [`LockError::DefaultSettled`] when the default was set before, or used already: what was taken
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
    DEFAULT.set(locks).map_err(|_| LockError::DefaultSettled {
        place: DEFAULT.get().map(Locks::location).unwrap_or_default(),
    })
}

fn from_environment() -> Result<Locks, LockError> {
    let Some(chosen) = env::var_os(VARIABLE).filter(|chosen| !chosen.is_empty()) else {
        return Locks::open(FOLDER);
    };
    if let Some(url) = chosen.to_str().filter(|text| text.contains("://")) {
        #[cfg(feature = "postgres")]
        if Locks::is_url(url) {
            return Locks::connect(url);
        }
        return Err(LockError::Unsupported {
            what: "the engine that JAM_LOCK names",
            // A URL may carry a password after its scheme.
            place: url.split("://").next().unwrap_or_default().to_owned() + "://…",
            remedy: "set JAM_LOCK to a folder, or build jam-lock with the feature `postgres` and set it \
                     to a postgres:// URL",
        });
    }
    Locks::open(Path::new(&chosen))
}
