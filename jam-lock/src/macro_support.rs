//! Functions that the generated code calls. They are not public API and may change at any time.

mod arguments;

pub use std::any::type_name_of_val;
use std::fmt::Display;
use std::future;
use std::mem;
use std::pin::{Pin, pin};
use std::slice;
use std::task::Poll;
pub use std::time::Duration;

pub use jam_lock_macros::{block, lock_names, name};

pub use self::arguments::{AsLockName, AsLocks, IntoTimeout, lock_name, timeout};
use crate::context::{self, Owner};
use crate::engine::Mode;
use crate::error::LockError;
pub use crate::from_lock_error::FromLockError;
pub use crate::guard::{LockGuard, LockGuards};
use crate::holder::Holder;
use crate::lock::{AcquiredBy, Lock, Options};
use crate::lock_set::LockSet;
use crate::locks::{Locks, with_default_locks};
pub use crate::name::LockName;
use crate::site::Site;
pub use crate::timeout::Timeout;

/// The acquisition that an attribute or a block requests.
pub struct Request<'locks, N> {
    names: N,
    site: Site,
    locks: Option<&'locks Locks>,
    timeout: Timeout,
    options: Options,
}

/// Requests one lock, in the function that `path` ends with.
#[must_use]
#[track_caller]
pub fn request(name: LockName, path: &'static str) -> Request<'static, LockName> {
    Request::new(name, Site::here().in_function(path))
}

/// Requests several locks together, in the function that `path` ends with.
#[must_use]
#[track_caller]
pub fn request_all<const N: usize>(
    names: [LockName; N],
    path: &'static str,
) -> Request<'static, [LockName; N]> {
    Request::new(names, Site::here().in_function(path))
}

impl<'locks, N> Request<'locks, N> {
    fn new(names: N, site: Site) -> Self {
        let (timeout, options) = (Timeout::FOREVER, Options::default());
        Self { names, site, locks: None, timeout, options }
    }

    /// From these locks, instead of the default ones.
    #[must_use]
    pub fn from_locks(self, locks: &'locks (impl AsLocks + ?Sized)) -> Self {
        Self { locks: Some(locks.as_locks()), ..self }
    }

    /// Waits for this long at most.
    #[must_use]
    pub fn timeout(self, timeout: Timeout) -> Self {
        Self { timeout, ..self }
    }

    /// As a reader.
    #[must_use]
    pub fn shared(self) -> Self {
        let options = Options { mode: Mode::Shared, ..self.options };
        Self { options, ..self }
    }

    /// Re-enters locks that are already held.
    #[must_use]
    pub fn reentrant(self) -> Self {
        let options = Options { is_reentrant: true, ..self.options };
        Self { options, ..self }
    }

    /// Without the holder in a timeout, for code that ignores it.
    #[must_use]
    pub fn without_holder(self) -> Self {
        let options = Options { names_holder: false, ..self.options };
        Self { options, ..self }
    }

    /// Fails if the record cannot be read, because an abandonment could go unnoticed.
    #[must_use]
    pub fn needs_record(self) -> Self {
        let options = Options { needs_record: true, ..self.options };
        Self { options, ..self }
    }

    /// Calls `then` with the locks and the names.
    fn with_locks<R>(self, then: impl FnOnce(&Locks, N) -> R) -> Result<R, LockError> {
        match self.locks {
            Some(locks) => Ok(then(locks, self.names)),
            None => with_default_locks(|locks| then(locks, self.names)),
        }
    }
}

impl Request<'_, LockName> {
    /// Acquires the lock for a section of this thread.
    pub fn acquire(self) -> Result<LockGuard, LockError> {
        let (site, deadline) = (self.site, self.timeout.deadline());
        self.lock()?.acquire_for(Owner::thread_section(), site, deadline)
    }

    /// Acquires the lock for a section of the current task.
    pub async fn acquire_async(self) -> Result<LockGuard, LockError> {
        let (site, deadline) = (self.site, self.timeout.deadline());
        let owner = AcquiredBy::Current(Owner::task_section);
        self.lock()?.acquire_async_for(owner, site, deadline).await
    }

    fn lock(self) -> Result<Lock, LockError> {
        let options = self.options;
        self.with_locks(Locks::lock)?.with_options(options)
    }
}

impl<const N: usize> Request<'_, [LockName; N]> {
    /// Acquires the locks for a section of this thread.
    pub fn acquire(self) -> Result<LockGuards, LockError> {
        let (site, deadline) = (self.site, self.timeout.deadline());
        self.lock_set()?.acquire_for(&Owner::thread_section(), site, deadline)
    }

    /// Acquires the locks for a section of the current task.
    pub async fn acquire_async(self) -> Result<LockGuards, LockError> {
        let (site, deadline) = (self.site, self.timeout.deadline());
        self.lock_set()?.acquire_async_for(&Owner::task_section(), site, deadline).await
    }

    fn lock_set(self) -> Result<LockSet, LockError> {
        let options = self.options;
        self.with_locks(Locks::lock_all)?.with_options(options)
    }
}

/// The guard or guards of a section.
pub trait Guards {
    /// The guards, one for each name.
    fn guards(&self) -> &[LockGuard];
}

impl Guards for LockGuard {
    fn guards(&self) -> &[LockGuard] {
        slice::from_ref(self)
    }
}

impl Guards for [LockGuard] {
    fn guards(&self) -> &[LockGuard] {
        self
    }
}

impl Guards for LockGuards {
    fn guards(&self) -> &[LockGuard] {
        self
    }
}

/// Runs the body of a task's section, which holds `guards`.
///
/// The body is `None` once it has ended, or once the returned future is dropped: its values are dropped
/// before the guards are.
pub fn run_section<F: Future>(
    guards: &impl Guards,
    body: Pin<&mut Option<F>>,
) -> impl Future<Output = F::Output> {
    let registration = guards.guards().iter().find_map(LockGuard::registration);
    context::run_section(registration, body)
}

/// Runs the body of a task's section, unless one of its locks is lost meanwhile.
///
/// # Errors
/// [`LockError::Lost`] if a lock is lost, or [`LockError::Deadlock`] if that was in a deadlock of this
/// task; the body is dropped then.
pub async fn run_section_unless_lost<F: Future>(
    guards: &impl Guards,
    body: Pin<&mut Option<F>>,
) -> Result<F::Output, LockError> {
    let mut section = pin!(run_section(guards, body));
    let guards = guards.guards();
    future::poll_fn(|task| {
        if let Some(error) = guards.iter().find_map(|guard| guard.poll_lost(task.waker())) {
            return Poll::Ready(Err(error));
        }
        section.as_mut().poll(task).map(Ok)
    })
    .await
}

/// Calls `recover` with the first holder that abandoned one of the locks or has not released it, if
/// any.
///
/// # Errors
/// The error of `recover`. Unless it returns `Ok`, the next holder finds the lock abandoned.
pub fn recover<E>(
    guards: &(impl Guards + ?Sized),
    recover: impl FnOnce(&Holder) -> Result<(), E>,
) -> Result<(), E> {
    let guards = guards.guards();
    let Some(holder) = guards.iter().find_map(to_recover_from) else { return Ok(()) };
    let unrecovered = Unrecovered(guards);
    recover(holder)?;
    mem::forget(unrecovered);
    Ok(())
}

/// The holder before, unless it released the lock.
fn to_recover_from(guard: &LockGuard) -> Option<&Holder> {
    guard.abandoned().or(guard.unreleased())
}

/// Marks the locks that were not released as abandoned, if a recovery returns an error or panics.
struct Unrecovered<'guards>(&'guards [LockGuard]);

impl Drop for Unrecovered<'_> {
    fn drop(&mut self) {
        let unrecovered = self.0.iter().filter(|guard| to_recover_from(guard).is_some());
        unrecovered.for_each(LockGuard::mark_abandoned);
    }
}

/// Makes the constant of a declared name, whose portability `lock_names!` has checked.
#[must_use]
pub const fn declared(name: &'static str, registry: &'static str, position: usize) -> LockName {
    LockName::declared(name, registry, position)
}

/// Makes a keyed name from the text around its placeholders and the values that fill them.
#[must_use]
pub fn keyed(
    literals: &[&str],
    registry: &'static str,
    position: usize,
    keys: &[&dyn Display],
) -> LockName {
    LockName::keyed(literals, registry, position, keys)
}

/// Stands in for a guard if the arguments are wrong, so that the compiler reports nothing else.
#[must_use]
pub fn unheld<T: ?Sized>() -> &'static T {
    unreachable!("code that calls this does not compile")
}

/// Calls the function or closure of `or_else`; this signature lets a closure omit its argument type.
pub fn or_else<R>(otherwise: impl FnOnce(LockError) -> R, error: LockError) -> R {
    otherwise(error)
}
