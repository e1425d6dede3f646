#![doc = include_str!("lib.md")]
// The documentation shows which feature each item needs.
#![cfg_attr(docsrs, feature(doc_cfg))]

mod background_thread;
#[cfg(feature = "conformance")]
pub mod conformance;
mod context;
mod deadlock;
mod declared_lock;
mod declared_name;
mod due_queue;
pub mod engine;
mod error;
mod foreign_waker;
mod from_lock_error;
mod gate;
mod guard;
pub mod guide;
mod held;
mod holder;
mod last_run;
mod lock;
mod lock_set;
mod locks;
mod macros;
mod name;
mod observer;
mod per_process;
mod permits;
mod process_id;
mod proof;
mod script;
mod settings;
mod site;
mod skip;
mod status;
mod this_process;
mod timeout;
mod unwind;
mod utc;
mod wall_clock;

#[doc(hidden)]
pub mod macro_support;

pub use declared_lock::DeclaredLock;
pub use declared_name::DeclaredName;
#[cfg(feature = "postgres")]
pub use engine::postgres::transaction::{TransactionGrant, TransactionLock};
pub use error::{DeadlockedOwner, LockError};
pub use from_lock_error::FromLockError;
pub use guard::{LockGuard, LockGuards};
pub use held::{Held, HeldShared};
pub use holder::{Holder, HolderWait};
#[doc = include_str!("locked.md")]
pub use jam_lock_macros::locked;
pub use last_run::LastRun;
pub use lock::Lock;
pub use lock_set::LockSet;
pub use locks::{
    DefaultOverride, Locks, LocksBuilder, default_location, default_locks, set_default_locks,
};
pub use name::LockName;
#[cfg(feature = "tracing")]
pub use observer::TracingObserver;
pub use observer::{Event, Observer};
pub use proof::Proof;
pub use site::Site;
pub use skip::{Skipped, skip};
pub use status::{State, Status};
pub use timeout::Timeout;

/// Compiles and runs the programs in the README.
#[cfg(doctest)]
#[doc = include_str!("../../README.md")]
struct Readme;
