//! Named locks between processes, written on the function that needs them.
//!
//! `#[locked("invoice_saved", timeout = 10)]` on a function takes the lock `invoice_saved` around
//! its body and returns an error if another process or thread keeps it for ten seconds.
//! [`locked!`](macro@locked) does the same for a block. The compiler knows every name, because
//! [`lock_names!`] declares them.
//!
//! A lock is a file, `locks/invoice_saved.lock`, locked with `flock(2)`. It is the successor of
//! [Jam.py](https://jam-py.com)'s `task.lock(lock_name, timeout=-1)`: the same folder, the same
//! files, so that a Rust program and a running Jam.py application exclude each other, and so do
//! `flock(1)` and Python's filelock. When one machine is outgrown, the same code runs on locks of a
//! PostgreSQL database.
//!
//! # Quick start
//!
//! ```
//! use jam_lock::{LockError, locked};
//!
//! jam_lock::lock_names! {
//!     /// Held while an invoice is being saved.
//!     "invoice_saved",
//!     /// Held while the sold tracks are recalculated.
//!     "calculation",
//! }
//!
//! #[locked("invoice_saved", timeout = 10)]
//! fn save(tracks: &[u32]) -> Result<u32, LockError> {
//!     // No other process that runs this code is here at the same time.
//!     let sold = locked!("calculation", timeout = 0.5, { tracks.iter().sum() })?;
//!     Ok(sold)
//! }
//!
//! fn main() -> Result<(), LockError> {
//!     # jam_lock::set_default_locks(jam_lock::Locks::in_memory())?;
//!     assert_eq!(save(&[1, 2])?, 3);
//!     Ok(())
//! }
//! ```
//!
//! # By hand
//!
//! ```
//! use jam_lock::{LockName, Locks};
//! use std::time::Duration;
//!
//! # let folder = tempfile::tempdir()?;
//! # let folder = folder.path();
//! let locks = Locks::open(folder)?; // or jam_lock::default_locks()
//! let lock = locks.lock(LockName::new("report 2026")?); // nothing acquired yet
//! let guard = lock.timeout(Duration::from_secs(10)).acquire()?;
//! guard.release()?; // or drop
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # How it can be asked for
//!
//! | | declared | by hand |
//! |---|---|---|
//! | in a task, on [nearly every executor](guide::executors) | `#[locked("a")] async fn`, `locked!("a", async { … })` | [`Lock::acquire_async`] |
//! | by readers together | `#[locked("a", shared)]` | [`Lock::shared`] |
//! | one lock for each customer | `#[locked("customer_{id}")]` | `lock_names::customer_id(7)` |
//! | several, all or none | `#[locked("a", "b")]` | [`Locks::lock_all`] |
//! | again, inside a section that holds it | `#[locked("a", reentrant)]` | [`Lock::reentrant`] |
//! | in a test | `#[locked("a", locks = locks)]` | [`Locks::in_memory`], [`Locks::temporary`] |
//! | on several machines | the same | `Locks::connect`, `JAM_LOCK=postgres://…` |
//!
//! The [guide] tells more; one of its pages has every [error message](guide::troubleshooting).
//!
//! # When something goes wrong
//!
//! | what | how it shows |
//! |---|---|
//! | the lock is held for too long | [`LockError::Timeout`] names the [`Holder`], where that is certain: of other processes, on Linux |
//! | the holder died inside | [`LockGuard::abandoned`], or `recover = …` |
//! | a thread or task would wait for what it holds | [`LockError::Reentrant`] at once, with both lines |
//! | it acquires against the order in which names are declared | [`LockError::Order`] at once; in the text of one function, a compile error |
//! | somebody wants to know who has what, now | [`Locks::list`], [`Lock::holder`] |
//! | a process was paused, and others have gone on | [`LockGuard::token`] has risen |
//! | a server's lock was lost | [`LockError::Lost`]; a [fence](guide::engines#lost-locks) makes sure |
//! | anything that should be logged | [`Observer`] |
//!
//! # What it promises
//!
//! - One holder at a time, or readers alone, among all processes, threads and tasks that ask for the
//!   same name in the same place. What cannot be locked is an error; nothing ever pretends to be locked.
//! - A lock is free again when its section ends, whichever way: `return`, `?`, a panic, a dropped
//!   future, `kill -9`. The next holder after a writer that died inside learns of it.
//! - A wait ends at its timeout and never before. Up to 64 waits of a process block instead of
//!   polling, a task that waits blocks no thread, and those of one process are served in the order in
//!   which they came.
//! - No thread and no section waits for a lock that it holds itself, and none acquires against the order
//!   in which names are declared, so sections cannot wait for each other in a cycle.
//!
//! It does not promise to keep out programs that do not take the lock, to exclude better on NFS than its
//! `flock(2)` does, to have processes queue for a file, or to take a lock from a process that is stopped.
//! [`guide::promises`] has each promise with its bounds, and what is not promised;
//! [`guide::what_happens_when`] has what happens event by event, with the test that shows it.
//!
//! # When not to use it
//!
//! - Between threads of one process alone: [`std::sync::Mutex`] asks no system.
//! - To protect rows of one database: its transactions do that better.
//! - On files, between machines: a file lock ends where the file system does. That is what
//!   [the other engine](guide::engines) is for.
//!
//! # Features
//!
//! None is on by default.
//!
//! | feature | what it adds |
//! |---|---|
//! | `postgres` | `Locks::connect`: locks of a PostgreSQL database |
//! | `postgres-tls` | encrypted connections to it |
//! | `tracing` | `TracingObserver`: waits, acquisitions and releases in your log |
//! | `cli` | the command `jam-lock`: `run`, `list`, `watch`, `who` and `sweep` |
//! | `conformance` | the checks that every engine has to pass, for [one of your own](engine) |

// So that the documentation says which feature brings what.
#![cfg_attr(docsrs, feature(doc_cfg))]

#[cfg(feature = "conformance")]
pub mod conformance;
mod context;
pub mod engine;
mod error;
mod failure;
mod foreign_waker;
mod gate;
mod guard;
pub mod guide;
mod holder;
mod lock;
mod lock_set;
mod locks;
mod name;
mod observer;
mod per_process;
mod process_id;
mod site;
mod status;
mod this_process;
mod timeout;
mod unwind;
mod wall_clock;

#[doc(hidden)]
pub mod macro_support;

pub use error::LockError;
pub use failure::{FromLockError, skip};
pub use guard::{LockGuard, LockGuards};
pub use holder::Holder;
/// Runs a function, or a block, while a lock is held.
///
/// ```
/// use jam_lock::{LockError, LockName, locked, skip};
/// use std::time::Duration;
///
/// jam_lock::lock_names! {
///     /// Held while an invoice is being saved.
///     "invoice_saved",
///     /// Held while the nightly report is being made.
///     "report",
/// }
///
/// /// Waits for at most ten seconds.
/// #[locked("invoice_saved", timeout = 10)]
/// fn save(number: u32) -> Result<u32, LockError> {
///     Ok(number)
/// }
///
/// /// Makes no report where another process is making one.
/// #[locked("report", timeout = 0, or_else = skip)]
/// fn report() -> Option<String> {
///     Some("42 invoices".to_owned())
/// }
///
/// struct Archive {
///     name: LockName,
///     patience: Duration,
/// }
///
/// impl Archive {
///     /// The name and the timeout are known when the program runs.
///     #[locked(self.name.clone(), timeout = self.patience, guard = held)]
///     fn store(&self) -> std::io::Result<String> {
///         Ok(format!("waited for {:?}", held.waited()))
///     }
/// }
///
/// fn main() -> Result<(), Box<dyn std::error::Error>> {
///     # jam_lock::set_default_locks(jam_lock::Locks::in_memory())?;
///     assert_eq!(save(7)?, 7);
///     assert!(report().is_some());
///     let archive = Archive { name: LockName::new("2026")?, patience: Duration::from_secs(1) };
///     assert_eq!(archive.store()?, "waited for 0ns");
///     Ok(())
/// }
/// ```
///
/// # On a block
/// `locked!`, which [`lock_names!`] makes, takes the same arguments and then a block. It needs no
/// import: it can be used below [`lock_names!`] by its plain name, and everywhere as
/// `lock_names::locked!`.
///
/// Its value is a `Result<T, LockError>`, where `T` is the block's; with `or_else`, it is a plain
/// `T`, the block's or what `or_else` returned. `return`, `?`, `break` and `continue` act on the
/// surrounding code. Everything that the block made is dropped before the lock is released. The
/// thread waits for the lock, so a block that has an `.await` of its own does not compile.
///
/// With `async { … }` or `async move { … }` it is a future of that value, which waits without
/// blocking its thread. There, `return` and `?` act on the asynchronous block, as they do in every
/// one; a block with a `?` makes it a `Result<Result<T, E>, LockError>`.
///
/// ```
/// jam_lock::lock_names! {
///     /// Held while the sold tracks are recalculated.
///     "calculation",
/// }
///
/// fn total(texts: &[&str]) -> Result<u32, Box<dyn std::error::Error>> {
///     let mut total = 0;
///     for text in texts {
///         if text.is_empty() {
///             continue;
///         }
///         total += locked!("calculation", timeout = 0.5, { text.parse::<u32>()? })?;
///     }
///     Ok(total)
/// }
///
/// fn main() {
///     # jam_lock::set_default_locks(jam_lock::Locks::in_memory()).unwrap();
///     assert_eq!(total(&["1", "", "2"]).unwrap(), 3);
///     let free = locked!("calculation", timeout = 0, or_else = |_| false, { true });
///     assert!(free);
/// }
/// ```
///
/// # In a task, for one key, for readers, for several
/// ```
/// use jam_lock::{LockError, locked};
///
/// jam_lock::lock_names! {
///     /// Held while the stock is counted.
///     "stock",
///     /// One lock for each customer.
///     "customer_{id}",
/// }
///
/// struct Order {
///     customer: u32,
/// }
///
/// /// Waits without blocking the thread, for others who work for the same customer.
/// #[locked("customer_{id}", id = order.customer, timeout = 10)]
/// async fn deliver(order: &Order) -> Result<(), LockError> {
///     Ok(())
/// }
///
/// /// Reads together with other readers; `{id}` is the parameter of that name.
/// #[locked("customer_{id}", shared)]
/// fn balance(id: u32) -> Result<i64, LockError> {
///     Ok(0)
/// }
///
/// /// Has both locks or none, in the same order everywhere.
/// #[locked("stock", "customer_{id}", timeout = 10)]
/// fn reserve(id: u32) -> Result<(), LockError> {
///     Ok(())
/// }
///
/// async fn deliver_later(order: Order) -> Result<(), LockError> {
///     locked!("stock", async { /* … */ }).await?;
///     deliver(&order).await
/// }
/// #
/// # fn main() -> Result<(), LockError> {
/// #     jam_lock::set_default_locks(jam_lock::Locks::in_memory())?;
/// #     let _ = (balance(7)?, deliver_later(Order { customer: 7 }));
/// #     reserve(7)
/// # }
/// ```
pub use jam_lock_macros::locked;
pub use lock::Lock;
pub use lock_set::LockSet;
pub use locks::{Locks, LocksBuilder, default_location, default_locks, set_default_locks};
pub use name::LockName;
#[cfg(feature = "tracing")]
pub use observer::TracingObserver;
pub use observer::{Event, Observer};
pub use site::Site;
pub use status::{State, Status};
pub use timeout::Timeout;

/// Declares the names of an application's locks, once, first in the crate root.
///
/// Each name is a string literal with its doc comment. From then on the compiler knows it:
///
/// - `crate::lock_names` is a documented module with a constant for each name, a [`LockName`], and
///   `list()` of all the literals. A constant is called as its name in upper case, with `_` for
///   whatever no identifier can have: `"$copying database"` makes `COPYING_DATABASE`.
/// - A name with holes is one lock for each value: `"customer_{id}"` makes the function
///   `lock_names::customer_id(7)`, which takes anything that implements `Display`.
///   [`LockName`] says which files these are.
/// - A literal in [`#[locked("…")]`](macro@locked) or `locked!("…", …)` that is no declared name is
///   an error there, with a suggestion.
/// - `locked!` itself: by its plain name in all that follows, which is why this belongs above the
///   crate's modules, and as `lock_names::locked!` everywhere.
///
/// The order of declaration is the lock order: several locks are acquired at once in it, and one
/// that is acquired while another is held has to be declared after that. Then those who take several
/// locks cannot wait for each other in a circle. What is taken first, and held longest, comes first.
///
/// A name that is declared twice, if only in different case, one whose constant another name makes
/// already, one that some keys make equal to another, and one that is not
/// [portable](LockName::new) as a file name do not compile.
///
/// # Example
/// ```
/// use jam_lock::{LockError, locked};
///
/// jam_lock::lock_names! {
///     /// Held while an invoice is being saved.
///     "invoice_saved",
///     /// Jam.py's own: held while it copies the database.
///     "$copying database",
/// }
///
/// #[locked("invoice_saved", timeout = 10)]
/// fn save() -> Result<u32, LockError> {
///     locked!("$copying database", timeout = 0.5, { 7 })
/// }
///
/// fn main() -> Result<(), LockError> {
///     # jam_lock::set_default_locks(jam_lock::Locks::in_memory())?;
///     assert_eq!(save()?, 7);
///     assert_eq!(lock_names::COPYING_DATABASE.as_str(), "$copying database");
///     assert_eq!(lock_names::list().len(), 2);
///     Ok(())
/// }
/// ```
///
/// A name that was not declared does not compile:
/// ```compile_fail
/// jam_lock::lock_names! {
///     /// Held while an invoice is being saved.
///     "invoice_saved",
/// }
///
/// // error: unknown lock name `invoice_svaed`
/// //        did you mean `invoice_saved`?
/// #[jam_lock::locked("invoice_svaed")]
/// fn save() -> Result<(), jam_lock::LockError> {
///     Ok(())
/// }
///
/// fn main() {}
/// ```
///
/// # Names of another crate
/// Say `names = other::lock_names` in the arguments, or `pub use other::lock_names;` in the crate
/// root instead of declaring names there. The other crate's `locked!` is `lock_names::locked!`.
///
/// # In the crate root
/// The macros look for `crate::lock_names`. In a documentation test that means an explicit
/// `fn main`, outside of which the names are declared.
#[macro_export]
macro_rules! lock_names {
    ($($tokens:tt)*) => {
        $crate::macro_support::lock_names! { [$crate] $($tokens)* }
    };
}

/// The programs in the README compile and run as they stand.
#[cfg(doctest)]
#[doc = include_str!("../../README.md")]
struct Readme;
