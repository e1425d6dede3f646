//! The kinds of guards: one without a name in its type, and the proofs, which only this crate makes.

use std::any::Any;
use std::marker::PhantomData;

use super::{Held, HeldShared};
use crate::declared_name::DeclaredName;
use crate::guard::LockGuard;

/// Allows to make a proof. Other crates can neither name nor make it, although they can name
/// [`GuardKind`] by way of the types that generated code uses.
pub struct Door(());

impl Door {
    pub(crate) const OPEN: Self = Self(());
}

/// A guard: a [`LockGuard`], [`Held`] or [`HeldShared`].
pub trait GuardKind: Sized + Send + 'static {
    /// Its kind for a reader.
    type Shared: GuardKind;

    /// Whether its type says which lock it is.
    const HAS_NAME: bool;

    /// Makes one from the guard of its lock.
    fn from_guard(guard: LockGuard, door: Door) -> Self;

    /// What it is made from.
    fn guard(&self) -> &LockGuard;

    /// `other` as a guard of this kind, if it is one.
    fn of_same_lock<G: GuardKind>(other: &G) -> Option<&Self> {
        (other as &dyn Any).downcast_ref()
    }
}

impl GuardKind for LockGuard {
    type Shared = Self;

    const HAS_NAME: bool = false;

    fn from_guard(guard: LockGuard, _: Door) -> Self {
        guard
    }

    fn guard(&self) -> &LockGuard {
        self
    }

    fn of_same_lock<G: GuardKind>(other: &G) -> Option<&Self> {
        Some(other.guard())
    }
}

impl<N: DeclaredName> GuardKind for HeldShared<N> {
    type Shared = Self;

    const HAS_NAME: bool = true;

    fn from_guard(guard: LockGuard, _: Door) -> Self {
        Self { guard, name: PhantomData }
    }

    fn guard(&self) -> &LockGuard {
        &self.guard
    }
}

impl<N: DeclaredName> GuardKind for Held<N> {
    type Shared = HeldShared<N>;

    const HAS_NAME: bool = true;

    fn from_guard(guard: LockGuard, door: Door) -> Self {
        Self { shared: HeldShared::from_guard(guard, door) }
    }

    fn guard(&self) -> &LockGuard {
        &self.shared.guard
    }
}
