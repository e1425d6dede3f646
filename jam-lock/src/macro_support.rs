//! What generated code calls. Not for people, and without any promise.

pub use std::any::type_name_of_val;
use std::fmt::Display;
use std::future;
use std::mem;
use std::pin::{Pin, pin};
use std::slice;
use std::task::Poll;
pub use std::time::Duration;

pub use jam_lock_macros::{block, lock_names, name};

use crate::context::{self, Scope};
use crate::engine::Mode;
use crate::error::LockError;
pub use crate::failure::FromLockError;
pub use crate::guard::{LockGuard, LockGuards};
use crate::holder::Holder;
use crate::lock::Lock;
use crate::lock_set::LockSet;
use crate::locks::{Locks, default_locks};
pub use crate::name::LockName;
use crate::site::Site;
pub use crate::timeout::Timeout;

/// What an attribute or a block asks for.
pub struct Request<'locks, N> {
    names: N,
    site: Site,
    locks: Option<&'locks Locks>,
    timeout: Timeout,
    mode: Mode,
    is_reentrant: bool,
    names_holder: bool,
    must_see_deaths: bool,
}

/// Asks for one name, in the function that `path` ends with.
#[must_use]
#[track_caller]
pub fn one(name: LockName, path: &'static str) -> Request<'static, LockName> {
    Request::new(name, Site::here().in_function(path))
}

/// Asks for several names at once, in the function that `path` ends with.
#[must_use]
#[track_caller]
pub fn all<const N: usize>(
    names: [LockName; N],
    path: &'static str,
) -> Request<'static, [LockName; N]> {
    Request::new(names, Site::here().in_function(path))
}

impl<'locks, N> Request<'locks, N> {
    fn new(names: N, site: Site) -> Self {
        Self {
            names,
            site,
            locks: None,
            timeout: Timeout::FOREVER,
            mode: Mode::Exclusive,
            is_reentrant: false,
            names_holder: true,
            must_see_deaths: false,
        }
    }

    /// Of these locks, instead of the default ones.
    #[must_use]
    pub fn of(self, locks: &'locks (impl AsRef<Locks> + ?Sized)) -> Self {
        Self { locks: Some(locks.as_ref()), ..self }
    }

    /// For so long.
    #[must_use]
    pub fn timeout(self, timeout: Timeout) -> Self {
        Self { timeout, ..self }
    }

    /// As a reader.
    #[must_use]
    pub fn shared(self) -> Self {
        Self { mode: Mode::Shared, ..self }
    }

    /// Under what is held already, if it is.
    #[must_use]
    pub fn reentrant(self) -> Self {
        Self { is_reentrant: true, ..self }
    }

    /// Without the name of the holder in a timeout, which nobody would read.
    #[must_use]
    pub fn without_holder(self) -> Self {
        Self { names_holder: false, ..self }
    }

    /// Not where an earlier death may have been missed.
    #[must_use]
    pub fn must_see_deaths(self) -> Self {
        Self { must_see_deaths: true, ..self }
    }

    fn locks(&self) -> Result<&'locks Locks, LockError> {
        match self.locks {
            Some(locks) => Ok(locks),
            None => default_locks(),
        }
    }
}

impl Request<'_, LockName> {
    /// Acquires the lock, and blocks the thread meanwhile.
    pub fn acquire(self) -> Result<LockGuard, LockError> {
        let (site, deadline) = (self.site, self.timeout.deadline());
        self.lock()?.block(Scope::thread_section(), site, deadline)
    }

    /// Acquires the lock for a section, and lets other tasks run meanwhile.
    pub async fn acquire_async(self) -> Result<LockGuard, LockError> {
        let (site, deadline) = (self.site, self.timeout.deadline());
        self.lock()?.ready(Scope::section(), site, deadline).await
    }

    fn lock(self) -> Result<Lock, LockError> {
        let lock = self.locks()?.lock(self.names);
        let lock = if self.mode == Mode::Shared { lock.shared() } else { lock };
        let lock = if self.names_holder { lock } else { lock.without_holder() };
        let lock = if self.must_see_deaths { lock.must_see_deaths()? } else { lock };
        Ok(if self.is_reentrant { lock.reentrant() } else { lock })
    }
}

impl<const N: usize> Request<'_, [LockName; N]> {
    /// Acquires the locks, and blocks the thread meanwhile.
    pub fn acquire(self) -> Result<LockGuards, LockError> {
        let (site, deadline) = (self.site, self.timeout.deadline());
        self.lock_set()?.block(&Scope::thread_section(), site, deadline)
    }

    /// Acquires the locks for a section, and lets other tasks run meanwhile.
    pub async fn acquire_async(self) -> Result<LockGuards, LockError> {
        let (site, deadline) = (self.site, self.timeout.deadline());
        self.lock_set()?.ready(&Scope::section(), site, deadline).await
    }

    fn lock_set(self) -> Result<LockSet, LockError> {
        let locks = self.locks()?.lock_all(self.names);
        let locks = if self.mode == Mode::Shared { locks.shared() } else { locks };
        let locks = if self.names_holder { locks } else { locks.without_holder() };
        let locks = if self.must_see_deaths { locks.must_see_deaths()? } else { locks };
        Ok(if self.is_reentrant { locks.reentrant() } else { locks })
    }
}

/// What holds the locks of a section.
pub trait Guards {
    /// The locks, one for each name.
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

/// Runs the section of a task that `guards` are for.
///
/// It ends with `None` in its place, and so does the drop of the returned future: what the section
/// has made is gone then.
pub fn within<F: Future>(
    guards: &impl Guards,
    section: Pin<&mut Option<F>>,
) -> impl Future<Output = F::Output> {
    let listing = guards.guards().iter().find_map(LockGuard::listing);
    context::within(listing, section)
}

/// Runs the section of a task that `guards` are for, unless one of its locks is lost meanwhile.
///
/// # Errors
/// [`LockError::Lost`] where one is; the section is gone then.
pub async fn unless_lost<F: Future>(
    guards: &impl Guards,
    section: Pin<&mut Option<F>>,
) -> Result<F::Output, LockError> {
    let mut section = pin!(within(guards, section));
    let guards = guards.guards();
    future::poll_fn(|task| {
        if let Some(error) = guards.iter().find_map(|guard| guard.look_whether_lost(task.waker())) {
            return Poll::Ready(Err(error));
        }
        section.as_mut().poll(task).map(Ok)
    })
    .await
}

/// Calls `recover` if somebody died with one of the locks, of whom it tells the first.
///
/// # Errors
/// What `recover` returns. Unless it returns well, the next holder is told again.
pub fn recover<E>(
    guards: &(impl Guards + ?Sized),
    recover: impl FnOnce(&Holder) -> Result<(), E>,
) -> Result<(), E> {
    let guards = guards.guards();
    let Some(holder) = guards.iter().find_map(LockGuard::abandoned) else { return Ok(()) };
    let unrecovered = Unrecovered(guards);
    recover(holder)?;
    mem::forget(unrecovered);
    Ok(())
}

/// Leaves abandoned what it found abandoned, when a recovery returns an error or panics.
struct Unrecovered<'guards>(&'guards [LockGuard]);

impl Drop for Unrecovered<'_> {
    fn drop(&mut self) {
        let found = self.0.iter().filter(|guard| guard.abandoned().is_some());
        found.for_each(LockGuard::mark_abandoned);
    }
}

/// Makes the constant of a name that `lock_names!` has found portable.
#[must_use]
pub const fn declared(name: &'static str, registry: &'static str, position: usize) -> LockName {
    LockName::declared(name, registry, position)
}

/// Makes a keyed name of what stands around its holes, and what fills them.
#[must_use]
pub fn keyed(
    literals: &[&str],
    registry: &'static str,
    position: usize,
    keys: &[&dyn Display],
) -> LockName {
    LockName::keyed(literals, registry, position, keys)
}

/// What a guard is bound to where the arguments are wrong, so that nothing else is told.
#[must_use]
pub fn unheld<T: ?Sized>() -> &'static T {
    unreachable!("what calls it does not compile")
}

/// Calls what `or_else` names; a function, so that a closure there knows its argument's type.
pub fn or_else<R>(otherwise: impl FnOnce(LockError) -> R, error: LockError) -> R {
    otherwise(error)
}
