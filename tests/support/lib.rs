//! What the tests share: processes to contend with, and the names of another crate.

#![expect(
    clippy::missing_errors_doc,
    clippy::missing_panics_doc,
    clippy::must_use_candidate,
    reason = "what is for tests alone panics, and is not asked in vain"
)]

pub mod child;
pub mod http;
pub mod observe;
pub mod order;
pub mod output;
#[cfg(target_os = "linux")]
pub mod pooler;
#[cfg(target_os = "linux")]
pub mod postgres;
#[cfg(target_os = "linux")]
pub mod proxy;
pub mod readers;
pub mod requirements;
#[cfg(target_os = "linux")]
pub mod storm;

use std::time::Duration;

/// Longer than anything in a test takes on any machine.
pub const LONG: Duration = Duration::from_secs(120);

jam_lock::lock_names! {
    /// Declared in another crate than the tests that use it.
    "declared_elsewhere",
    /// The lock whose sections the tests look into, for a crate that declares no names itself.
    "section",
    /// The first of all in some tests.
    "first",
    /// One for each customer.
    "customer_{id}",
    /// One for each name, of another crate as well.
    "called_{name}",
}
