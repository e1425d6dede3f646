//! Calls the functions and blocks that the macros generate.
//!
//! Clippy checks with its strictest lints, because users' lints apply to generated code too.

#![warn(clippy::pedantic, clippy::nursery, clippy::shadow_same)]
#![allow(clippy::redundant_pub_crate, reason = "rustc's `unreachable_pub` requires the opposite")]

jam_lock::lock_names! {
    /// The lock of the sections under test.
    "section",
    /// Acquired inside a section.
    "inner",
    /// A name of Jam.py's, with a space and a `$`.
    "$copying database",
    /// Starts with a digit, as no constant can.
    "2026 budget",
    /// Not ASCII.
    "zápis",
    /// One lock for each customer.
    "customer_{id}",
    /// One lock for each account of each shop.
    "Shop {shop}.{account}",
    /// Three at once.
    "export" = 3,
    /// Two at once for each printer.
    "printer_{id}" = 2,
}

mod arguments;
mod async_block;
mod async_drop_order;
mod async_functions;
mod async_methods;
mod at_most_every;
mod block;
mod body;
mod broken;
mod drop_order;
mod functions;
mod instrumented;
mod keyed;
mod methods;
mod names;
mod permits;
mod proof;
mod section;
mod several;
mod shared;
mod track_caller;
mod user_macros;
