//! [`DeclaredLock`]: one declared lock, not yet acquired, whose guard is a proof.

use std::fmt;
use std::marker::PhantomData;
use std::ops::Deref;

use crate::declared_name::DeclaredName;
use crate::error::LockError;
use crate::guard::LockGuard;
use crate::held::{Door, GuardKind, Held, HeldShared};
use crate::lock::Lock;
use crate::timeout::Timeout;

/// One declared lock, not yet acquired, whose guard is a [proof](Held) that it is held.
///
/// `lock_names::Stock::lock()?` returns that of the default locks, and
/// `lock_names::Stock::lock_in(&locks)` that of others; those of a keyed name take its keys, as in
/// `lock_names::CustomerId::lock(7)?`. It is a [`Lock`] otherwise, with the same options and the same
/// waiting, and dereferences to one. [`Locks::lock`](crate::Locks::lock) returns a plain [`Lock`], whose
/// guard is no proof.
///
/// # Example
/// ```
/// use jam_lock::{Held, Locks};
///
/// jam_lock::lock_names! {
///     /// Held while the stock is counted.
///     "stock",
///     /// One lock for each customer.
///     "customer_{id}",
/// }
///
/// fn recount(_: &Held<lock_names::Stock>) {}
/// fn bill(_: &Held<lock_names::CustomerId>) {}
///
/// fn main() -> Result<(), jam_lock::LockError> {
///     # jam_lock::set_default_locks(Locks::in_memory())?;
///     let held = lock_names::Stock::lock()?.timeout(10).acquire()?;
///     recount(&held);
///     held.release()?; // or drop it
///
///     let locks = Locks::temporary()?;
///     bill(&lock_names::CustomerId::lock_in(&locks, 7).acquire()?);
///     Ok(())
/// }
/// ```
#[doc(alias = "Mutex")]
#[must_use = "a `DeclaredLock` is not held yet: write `let held = lock.acquire()?`, not `let held = lock`"]
pub struct DeclaredLock<P> {
    lock: Lock,
    proof: PhantomData<fn() -> P>,
}

impl<P> DeclaredLock<P> {
    fn new(lock: Lock) -> Self {
        Self { lock, proof: PhantomData }
    }

    /// The same lock, with a limit on how long an acquisition may take: a `Duration`, or whole seconds.
    ///
    /// By default an acquisition waits forever.
    pub fn timeout(&self, timeout: impl Into<Timeout>) -> Self {
        Self::new(self.lock.timeout(timeout))
    }

    /// The same lock, which can be acquired again inside a section that [holds it](Lock::reentrant).
    pub fn reentrant(&self) -> Self {
        Self::new(self.lock.reentrant())
    }

    /// The same lock, held on behalf of `label`, which is [shown](Lock::label) instead of the source location.
    pub fn label(&self, label: &'static str) -> Self {
        Self::new(self.lock.label(label))
    }
}

impl<N: DeclaredName> DeclaredLock<Held<N>> {
    /// The lock of the name `N` that `lock` is.
    pub(crate) fn of_name(lock: Lock) -> Self {
        Self::new(lock)
    }

    /// The same lock, to be held [as a reader](Lock::shared), which is proved by a [`HeldShared`].
    pub fn shared(&self) -> DeclaredLock<HeldShared<N>> {
        DeclaredLock::new(self.lock.shared())
    }
}

impl<P: GuardKind> DeclaredLock<P> {
    /// Acquires the lock, and blocks the thread until it is acquired or the timeout passes.
    ///
    /// # Blocking
    /// As [`Lock::acquire`].
    ///
    /// # Errors
    /// As [`Lock::acquire`].
    #[doc(alias = "lock")]
    #[track_caller]
    pub fn acquire(&self) -> Result<P, LockError> {
        self.lock.acquire().map(proof)
    }

    /// Acquires the lock if that needs no waiting, whatever the timeout.
    ///
    /// # Blocking
    /// As [`Lock::try_acquire`].
    ///
    /// # Errors
    /// As [`Lock::try_acquire`].
    #[doc(alias = "try_lock")]
    #[track_caller]
    pub fn try_acquire(&self) -> Result<P, LockError> {
        self.lock.try_acquire().map(proof)
    }

    /// Acquires the lock as [`DeclaredLock::acquire`] does, and lets other tasks run while it waits.
    ///
    /// [`Lock::acquire_async`] says what that means.
    ///
    /// # Cancel safety
    /// Dropping the future at any moment leaves nothing behind, neither a place in the queue nor a lock.
    ///
    /// # Errors
    /// As [`Lock::acquire`].
    #[track_caller]
    pub fn acquire_async(&self) -> impl Future<Output = Result<P, LockError>> + Send + use<P> {
        let acquired = self.lock.acquire_async();
        async move { acquired.await.map(proof) }
    }
}

/// The proof that the lock of `guard` is held.
fn proof<P: GuardKind>(guard: LockGuard) -> P {
    P::from_guard(guard, Door::OPEN)
}

/// Its status and holder, for example.
impl<P> Deref for DeclaredLock<P> {
    type Target = Lock;

    fn deref(&self) -> &Lock {
        &self.lock
    }
}

impl<P> Clone for DeclaredLock<P> {
    fn clone(&self) -> Self {
        Self::new(self.lock.clone())
    }
}

impl<P> fmt::Debug for DeclaredLock<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("DeclaredLock").field(&self.lock).finish()
    }
}
