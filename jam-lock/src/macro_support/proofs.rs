//! Requests of sections with `guard = …`, which know the names in their types.
//!
//! A proof cannot be forged with these functions either: each name comes from its type, and the request of
//! a reader has another type. So a caller that gets a proof has acquired the lock that it is of.

use std::fmt::Display;
use std::marker::PhantomData;

use super::{Guards, Request};
use crate::declared_lock::DeclaredLock;
use crate::declared_name::DeclaredName;
use crate::error::LockError;
use crate::guard::LockGuard;
use crate::held::{Door, GuardKind, Held, HeldShared};
use crate::locks::{Locks, with_default_locks};
use crate::name::LockName;

/// The names of a request, and what they are for a reader.
pub trait Names {
    /// The names of the same request of a reader.
    type Shared: Names;

    /// The same names for a reader.
    fn shared(self) -> Self::Shared;
}

impl Names for LockName {
    type Shared = Self;

    fn shared(self) -> Self {
        self
    }
}

impl<const N: usize> Names for [LockName; N] {
    type Shared = Self;

    fn shared(self) -> Self {
        self
    }
}

/// A name whose guard is of the kind `G`.
pub struct Named<G> {
    pub(super) name: LockName,
    guard: PhantomData<fn() -> G>,
}

/// The declared name `N`, with its placeholders filled by `keys`.
#[must_use]
pub fn declared_name<N: DeclaredName>(keys: &[&dyn Display]) -> Named<Held<N>> {
    Named { name: N::name(keys), guard: PhantomData }
}

/// A name from an expression.
#[must_use]
pub fn other_name(name: LockName) -> Named<LockGuard> {
    Named { name, guard: PhantomData }
}

/// Stands in for the type of an invalid name, so that the compiler reports nothing else; `ERROR` is the place
/// for an error, because one in place of a type is followed by others.
pub enum InvalidName<const ERROR: usize = 0> {}

impl<const ERROR: usize> DeclaredName for InvalidName<ERROR> {
    const NAME: &'static str = "";

    fn name(_: &[&dyn Display]) -> LockName {
        unreachable!("code that calls this does not compile")
    }
}

impl<G: GuardKind> Names for Named<G> {
    type Shared = Named<G::Shared>;

    fn shared(self) -> Named<G::Shared> {
        Named { name: self.name, guard: PhantomData }
    }
}

impl<G: GuardKind> Request<'_, Named<G>> {
    /// Acquires the lock for a section of this thread.
    ///
    /// # Errors
    /// As [`Lock::acquire`](crate::Lock::acquire).
    pub fn acquire(self) -> Result<G, LockError> {
        let guard = self.map_names(|named| named.name).acquire()?;
        Ok(G::from_guard(guard, Door::OPEN))
    }

    /// Acquires the lock for a section of the current task.
    ///
    /// # Errors
    /// As [`Lock::acquire_async`](crate::Lock::acquire_async).
    pub async fn acquire_async(self) -> Result<G, LockError> {
        let guard = self.map_names(|named| named.name).acquire_async().await?;
        Ok(G::from_guard(guard, Door::OPEN))
    }
}

impl<N: DeclaredName> Guards for Held<N> {
    fn get(&self, position: usize) -> Option<&LockGuard> {
        self.guard().get(position)
    }
}

impl<N: DeclaredName> Guards for HeldShared<N> {
    fn get(&self, position: usize) -> Option<&LockGuard> {
        self.guard().get(position)
    }
}

/// The lock of a declared name, of the default locks.
///
/// # Errors
/// As [`default_locks`](crate::default_locks).
pub fn lock<N: DeclaredName>(keys: &[&dyn Display]) -> Result<DeclaredLock<Held<N>>, LockError> {
    with_default_locks(|locks| lock_in(locks, keys))
}

/// The lock of a declared name, of `locks`.
pub fn lock_in<N: DeclaredName>(locks: &Locks, keys: &[&dyn Display]) -> DeclaredLock<Held<N>> {
    DeclaredLock::of_name(locks.lock(N::name(keys)))
}
