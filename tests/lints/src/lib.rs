//! Functions and blocks of every shape: clippy reports the same of them with and without the macros.
//!
//! `main.rs` compares that. So the code need not be good.

#![cfg_attr(
    feature = "every-lint",
    warn(clippy::all, clippy::cargo, clippy::nursery, clippy::pedantic, clippy::restriction)
)]
#![cfg_attr(
    not(feature = "every-lint"),
    allow(clippy::all, clippy::pedantic, reason = "the code has what lints look for")
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
