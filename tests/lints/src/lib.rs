//! Functions and blocks of every shape: clippy reports the same of them with and without the macros.
//!
//! `tests/macros/lints.rs` compares that. So the code need not be good.

#![cfg_attr(
    feature = "every-lint",
    warn(clippy::all, clippy::cargo, clippy::nursery, clippy::pedantic, clippy::restriction)
)]
#![allow(unused_crate_dependencies, reason = "without the macros, the library is not used")]

#[cfg(not(feature = "plain"))]
jam_lock::lock_names! {
    /// Acquired first.
    "first",
    /// Acquired second.
    "second",
    /// One for each customer.
    "customer_{id}",
}

#[cfg(feature = "plain")]
#[macro_use]
mod without_locks;

pub mod asynchronous;
pub mod blocking;
pub mod blocks;
