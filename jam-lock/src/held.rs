//! [`Held`] and [`HeldShared`]: a lock, held, whose type says which one it is.

mod kind;

use std::fmt;
use std::marker::PhantomData;
use std::ops::Deref;

use crate::declared_name::DeclaredName;
use crate::error::LockError;
use crate::guard::LockGuard;

pub(crate) use self::kind::{Door, GuardKind};

/// A declared lock, held exclusively: the proof that code runs under it.
///
/// A function that must run under the lock takes a reference to its proof, and so cannot be called without
/// the lock. `guard = held` in [`#[locked]`](macro@crate::locked) and `locked!` binds one, and so does
/// [`DeclaredLock::acquire`](crate::DeclaredLock::acquire). It costs nothing: it is a [`LockGuard`] in
/// memory, and dereferences to one.
///
/// That of a name with [permits](crate::LockName::with_permits) proves that one of them is held:
/// [`LockGuard::permit`] is its number.
///
/// It can be neither made nor cloned otherwise, and the reference cannot outlive the section. It proves that
/// the lock of a name was acquired, but not in which [`Locks`](crate::Locks); that of a keyed name does not
/// prove for which key, which [`LockGuard::name`] shows. [The guide](crate::guide::proof) has more.
///
/// # Example
/// ```
/// use jam_lock::{Held, LockError, locked};
///
/// jam_lock::lock_names! {
///     /// Held while the stock is counted.
///     "stock",
/// }
///
/// /// Runs only under the lock `stock`.
/// fn recount(_: &Held<lock_names::Stock>) -> u32 {
///     7
/// }
///
/// #[locked("stock", timeout = 10, guard = held)]
/// fn count() -> Result<u32, LockError> {
///     println!("held after {:?}", held.waited());
///     Ok(recount(held))
/// }
///
/// fn main() -> Result<(), LockError> {
///     # jam_lock::set_default_locks(jam_lock::Locks::in_memory())?;
///     assert_eq!(count()?, 7);
///     let held = lock_names::Stock::lock()?.acquire()?;
///     assert_eq!(recount(&held), 7);
///     held.release() // or drop it
/// }
/// ```
///
/// Without the lock, it does not compile:
/// ```compile_fail
/// # use jam_lock::{Held, LockError, locked};
/// # jam_lock::lock_names! {
/// #     "stock",
/// #     "prices",
/// # }
/// # fn recount(_: &Held<lock_names::Stock>) {}
/// #[locked("prices", guard = held)]
/// fn change() -> Result<(), LockError> {
///     recount(held); // error: expected `&Held<Stock>`, found `&Held<Prices>`
///     Ok(())
/// }
/// # fn main() {}
/// ```
#[repr(transparent)]
#[must_use = "a lock is released as soon as its guard is dropped: write `let held = …`, not `let _ = …`"]
pub struct Held<N: DeclaredName> {
    shared: HeldShared<N>,
}

/// A declared lock, held at least as a reader: the proof that no writer changes what it protects.
///
/// `guard = held` binds one in a section with `shared`. It does not prove that the lock is held exclusively,
/// which only a [`Held`] does; a `&Held<N>` can be passed wherever a `&HeldShared<N>` is expected.
///
/// # Example
/// ```
/// use jam_lock::{Held, HeldShared, LockError, locked};
///
/// jam_lock::lock_names! {
///     /// Held while the stock is counted, and shared by those who read it.
///     "stock",
/// }
///
/// fn total(_: &HeldShared<lock_names::Stock>) -> u32 {
///     7
/// }
///
/// fn recount(held: &Held<lock_names::Stock>) -> u32 {
///     total(held) // a writer may read
/// }
///
/// #[locked("stock", shared, guard = held)]
/// fn report() -> Result<u32, LockError> {
///     Ok(total(held)) // `recount(held)` would not compile
/// }
/// # fn main() -> Result<(), LockError> {
/// #     jam_lock::set_default_locks(jam_lock::Locks::in_memory())?;
/// #     let held = lock_names::Stock::lock()?.acquire()?;
/// #     assert_eq!(recount(&held), 7);
/// #     drop(held);
/// #     assert_eq!(report()?, 7);
/// #     Ok(())
/// # }
/// ```
#[repr(transparent)]
#[must_use = "a lock is released as soon as its guard is dropped: write `let held = …`, not `let _ = …`"]
pub struct HeldShared<N: DeclaredName> {
    guard: LockGuard,
    /// It has no influence on whether this is `Send`, `Sync` or unwind safe.
    name: PhantomData<fn() -> N>,
}

impl<N: DeclaredName> Held<N> {
    /// Releases the lock and reports errors, which dropping ignores.
    ///
    /// # Errors
    /// As [`LockGuard::release`].
    pub fn release(self) -> Result<(), LockError> {
        self.shared.release()
    }

    /// The same proof, which no longer counts as held by the thread that acquired it.
    ///
    /// [`LockGuard::detach`] says what that is for.
    pub fn detach(self) -> Self {
        Self { shared: self.shared.detach() }
    }
}

impl<N: DeclaredName> HeldShared<N> {
    /// Releases the lock and reports errors, which dropping ignores.
    ///
    /// # Errors
    /// As [`LockGuard::release`].
    pub fn release(self) -> Result<(), LockError> {
        self.guard.release()
    }

    /// The same proof, which no longer counts as held by the thread that acquired it.
    ///
    /// [`LockGuard::detach`] says what that is for.
    pub fn detach(self) -> Self {
        Self { guard: self.guard.detach(), name: PhantomData }
    }
}

/// A writer may read as well.
impl<N: DeclaredName> Deref for Held<N> {
    type Target = HeldShared<N>;

    fn deref(&self) -> &HeldShared<N> {
        &self.shared
    }
}

impl<N: DeclaredName> Deref for HeldShared<N> {
    type Target = LockGuard;

    fn deref(&self) -> &LockGuard {
        &self.guard
    }
}

impl<N: DeclaredName> fmt::Debug for Held<N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Held").field(&self.guard).finish()
    }
}

impl<N: DeclaredName> fmt::Debug for HeldShared<N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("HeldShared").field(&self.guard).finish()
    }
}
