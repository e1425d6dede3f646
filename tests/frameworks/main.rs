//! `#[locked]` above and below the attributes of frameworks, whose effect is that of the guide's table.
//!
//! ```text
//! cargo test --manifest-path tests/frameworks/Cargo.toml
//! ```

mod functions;
mod guide;
mod refusals;
mod spans;
mod test_attributes;
mod tokio_main;
mod web;

use std::sync::LazyLock;
use std::thread;

use jam_lock::Locks;

jam_lock::lock_names! {
    /// Held by a function with another attribute, in the order that the key names.
    "attribute_{order}",
}

/// The locks of all functions here.
fn locks() -> &'static Locks {
    static LOCKS: LazyLock<Locks> = LazyLock::new(Locks::in_memory);
    &LOCKS
}

/// Whether another thread is refused the lock of a function.
fn is_held(order: &str) -> bool {
    let lock = locks().lock(lock_names::attribute_order(order));
    let refused = thread::spawn(move || lock.try_acquire().is_err_and(|error| error.is_timeout()));
    refused.join().expect("it does not panic")
}
