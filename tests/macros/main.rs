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
}

mod arguments;
mod block;
mod body;
mod drop_order;
mod functions;
mod methods;
mod names;
mod section;
mod user_macros;
