//! What the macros make, called.
//!
//! Clippy is told to look as closely as it can: what the macros make passes for written by hand.

#![warn(clippy::pedantic, clippy::nursery)]
#![allow(clippy::redundant_pub_crate, reason = "rustc's `unreachable_pub` asks for the opposite")]

jam_lock::lock_names! {
    /// The lock whose sections these tests look into.
    "section",
    /// Taken inside a section.
    "inner",
    /// Jam.py's.
    "$copying database",
    /// Cannot start a constant.
    "2026 budget",
    /// Not only English has names.
    "zápis",
    /// One lock for each customer.
    "customer_{id}",
    /// One lock for each account of each shop.
    "Shop {shop}.{account}",
}

mod arguments;
mod async_block;
mod async_drop_order;
mod async_functions;
mod async_methods;
mod block;
mod body;
mod broken;
mod drop_order;
mod functions;
mod instrumented;
mod keyed;
mod methods;
mod names;
mod section;
mod several;
mod shared;
mod user_macros;
