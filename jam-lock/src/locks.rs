//! [`Locks`]: the locks of an application.

// The documentation shows the methods in the order of these modules.
mod open;

mod lock;

mod list;

mod builder;
#[cfg(feature = "postgres")]
mod connect;
mod default;
mod default_override;
mod location;
#[cfg(not(feature = "postgres"))]
mod without_postgres;

use std::collections::HashMap;
use std::sync::{Arc, RwLock};

use crate::engine::Engine;
use crate::gate::Gate;
use crate::name::LockName;
use crate::settings::Settings;

pub use self::builder::LocksBuilder;
pub(crate) use self::default::with_default_locks;
pub use self::default::{default_location, default_locks, set_default_locks};
pub use self::default_override::DefaultOverride;

/// The locks of an application, in a folder, in a PostgreSQL database, or in this process alone.
///
/// Processes that open the same folder exclude each other, including a running Jam.py application. A
/// `Locks` is cheap to clone, and threads can share it by reference or by clone.
///
/// # Example
/// ```
/// use jam_lock::{LockName, Locks};
///
/// # let folder = tempfile::tempdir()?;
/// # let folder = folder.path().join("locks");
/// let locks = Locks::open(&folder)?;
/// let guard = locks.lock(LockName::new("invoice_saved")?).acquire()?;
/// assert!(folder.join("invoice_saved.lock").exists());
/// guard.release()?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct Locks {
    shared: Arc<Shared>,
}

/// The gate of each name, and the settings of its locks.
type Declared = HashMap<LockName, (Arc<Gate>, Arc<Settings>)>;

#[derive(Debug)]
struct Shared {
    engine: Arc<dyn Engine>,
    /// Keeps the gates of declared names, and so their open files, as long as the `Locks` lives. There is
    /// no limit to names made at run time, so their gates end with the last `Lock` and guard.
    declared: RwLock<Declared>,
    settings: Arc<Settings>,
}

impl Locks {
    /// Opens the locks of a custom engine.
    ///
    /// Two `Locks` whose engines have the same [identity](Engine::identity) share their queues.
    pub fn with_engine(engine: Arc<dyn Engine>) -> Self {
        Self::builder().with_engine(engine)
    }

    fn with(engine: Arc<dyn Engine>, settings: Settings) -> Self {
        let settings = Arc::new(settings);
        Self { shared: Arc::new(Shared { engine, declared: RwLock::default(), settings }) }
    }
}

/// Lets `#[locked(…, locks = …)]` take a `Locks`, a reference to one or an `Arc` of one.
impl AsRef<Locks> for Locks {
    fn as_ref(&self) -> &Locks {
        self
    }
}
