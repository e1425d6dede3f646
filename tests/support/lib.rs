//! What the tests share: child processes and servers, and lock names of another crate.

#![expect(
    clippy::missing_errors_doc,
    clippy::missing_panics_doc,
    clippy::must_use_candidate,
    reason = "tests panic when something fails"
)]

pub mod child;
pub mod clock;
pub mod end;
pub mod http;
#[cfg(target_os = "linux")]
pub mod mounts;
pub mod observe;
pub mod order;
pub mod output;
#[cfg(target_os = "linux")]
pub mod pgpool;
#[cfg(target_os = "linux")]
pub mod pooler;
#[cfg(target_os = "linux")]
pub mod postgres;
pub mod program;
#[cfg(target_os = "linux")]
pub mod proxy;
pub mod readers;
pub mod requirements;
#[cfg(target_os = "linux")]
pub mod storm;

use std::time::Duration;

/// Longer than any step of a test takes on any machine.
pub const LONG: Duration = Duration::from_secs(120);

jam_lock::lock_names! {
    /// For tests of names that another crate declares.
    "declared_elsewhere",
    /// The lock of the sections in crates that declare no names of their own.
    "section",
    /// The first one in the declared order of some tests.
    "first",
    /// One for each customer.
    "customer_{id}",
    /// One for each name that a test chooses.
    "called_{name}",
}
