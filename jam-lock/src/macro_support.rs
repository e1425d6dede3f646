//! Functions that the generated code calls. They are not public API and may change at any time.

mod arguments;
mod proofs;
mod runs;
mod section;
mod together;

pub use std::any::type_name_of_val;
use std::fmt::Display;
use std::mem;
pub use std::time::Duration;

pub use jam_lock_macros::{block, lock_names, name};

pub use self::arguments::{
    AsLockName, AsLocks, IntoPeriod, IntoTimeout, Period, lock_name, period, timeout,
};
pub use self::proofs::{InvalidName, Named, Names, declared_name, lock, lock_in, other_name};
pub use self::runs::{RunEnd, end_run};
pub use self::section::{section_to_end, section_unless_lost, unwatched};
pub use self::together::{Place, Places, SeveralNames, Together};
use crate::context::Owner;
use crate::engine::Mode;
use crate::error::LockError;
pub use crate::from_lock_error::FromLockError;
pub use crate::guard::{LockGuard, LockGuards};
pub use crate::held::{Held, HeldShared};
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
    at_most_every: Option<Duration>,
    /// Whether the period of its runs is negative, which is an error.
    has_negative_period: bool,
}

/// Requests the lock or the locks of `names`, in the function that `path` ends with.
#[must_use]
#[track_caller]
pub fn request<N: Names>(names: N, path: &'static str) -> Request<'static, N> {
    let site = Site::here().in_function(path);
    let (timeout, options) = (Timeout::FOREVER, Options::default());
    let (locks, at_most_every, has_negative_period) = (None, None, false);
    Request { names, site, locks, timeout, options, at_most_every, has_negative_period }
}

impl<'locks, N: Names> Request<'locks, N> {
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

    /// Only if the last run that ended well began at least so long ago.
    #[must_use]
    pub fn at_most_every(self, period: Period) -> Self {
        Self { at_most_every: period.0, has_negative_period: period.0.is_none(), ..self }
    }

    /// As a reader.
    #[must_use]
    pub fn shared(self) -> Request<'locks, N::Shared> {
        let options = Options { mode: Mode::Shared, ..self.options };
        Request { options, ..self }.map_names(N::shared)
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

    /// The same request with other names.
    fn map_names<M>(self, map: impl FnOnce(N) -> M) -> Request<'locks, M> {
        let Self { names, site, locks, timeout, options, at_most_every, has_negative_period } =
            self;
        let names = map(names);
        Request { names, site, locks, timeout, options, at_most_every, has_negative_period }
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
        let guard = self.lock()?.acquire_for(Owner::thread_section(), site, deadline)?;
        guard.end_run(false);
        Ok(guard)
    }

    /// Acquires the lock for a section of the current task.
    pub async fn acquire_async(self) -> Result<LockGuard, LockError> {
        let (site, deadline) = (self.site, self.timeout.deadline());
        let owner = AcquiredBy::Current(Owner::task_section);
        let guard = self.lock()?.acquire_async_for(owner, site, deadline).await?;
        guard.end_run(false);
        Ok(guard)
    }

    fn lock(self) -> Result<Lock, LockError> {
        let (options, at_most_every) = (self.options, self.at_most_every);
        let has_negative_period = self.has_negative_period;
        let lock = self.with_locks(Locks::lock)?;
        if has_negative_period {
            return Err(lock.negative_period());
        }
        lock.with_options(options, at_most_every)
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
        let (options, at_most_every) = (self.options, self.at_most_every);
        self.with_locks(Locks::lock_all)?.with_options(options, at_most_every)
    }
}

/// The guard or guards of a section, in the order in which they were acquired.
pub trait Guards: Sync {
    /// The guard at this position, from 0; `None` after the last one.
    fn get(&self, position: usize) -> Option<&LockGuard>;
}

impl Guards for LockGuard {
    fn get(&self, position: usize) -> Option<&LockGuard> {
        (position == 0).then_some(self)
    }
}

impl Guards for LockGuards {
    fn get(&self, position: usize) -> Option<&LockGuard> {
        self.as_ref().get(position)
    }
}

/// All guards of a section.
fn all(guards: &dyn Guards) -> impl Iterator<Item = &LockGuard> {
    (0..).map_while(|position| guards.get(position))
}

/// Calls `recover` with the first holder that abandoned one of the locks or has not released it, if
/// any.
///
/// # Errors
/// The error of `recover`. Unless it returns `Ok`, the next holder finds the lock abandoned.
pub fn recover<E>(
    guards: &impl Guards,
    recover: impl FnOnce(&Holder) -> Result<(), E>,
) -> Result<(), E> {
    let Some(holder) = all(guards).find_map(to_recover_from) else { return Ok(()) };
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
struct Unrecovered<'guards>(&'guards dyn Guards);

impl Drop for Unrecovered<'_> {
    fn drop(&mut self) {
        all(self.0)
            .filter(|guard| to_recover_from(guard).is_some())
            .for_each(LockGuard::mark_abandoned);
    }
}

/// Makes the constant of a declared name, whose portability `lock_names!` has checked.
#[must_use]
pub const fn declared(name: &'static str, registry: &'static str, position: usize) -> LockName {
    LockName::declared(name, registry, position)
}

/// The same name, with a number of permits that `lock_names!` has checked.
#[must_use]
pub const fn with_permits(name: LockName, permits: u16) -> LockName {
    name.of_permits(permits)
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
pub fn unheld<T>() -> T {
    unreachable!("code that calls this does not compile")
}

/// Calls the function or closure of `or_else`; this signature lets a closure omit its argument type.
pub fn or_else<R>(otherwise: impl FnOnce(LockError) -> R, error: LockError) -> R {
    otherwise(error)
}
