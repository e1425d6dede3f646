//! Runs functions and blocks of every shape once, for `counts.rs` to see which lines are counted.

#![allow(dead_code, reason = "what is never called counts as never run")]
#![cfg_attr(
    feature = "plain",
    allow(
        clippy::unnecessary_wraps,
        clippy::unused_async,
        reason = "without locks, nothing fails or waits"
    )
)]

#[cfg(not(feature = "plain"))]
jam_lock::lock_names! {
    /// Acquired first.
    "first",
    /// Acquired second.
    "second",
    /// One for each customer.
    "customer_{id}",
    /// Two at once.
    "printer" = 2,
    /// One for each job.
    "job_{number}",
}

#[cfg(feature = "plain")]
#[macro_use]
mod without_locks;

mod asynchronous;
mod blocking;
mod blocks;

fn main() {
    jam_lock::set_default_locks(jam_lock::Locks::in_memory()).expect("nothing has used them");
    blocking::run().expect("nobody else has the locks");
    ready(asynchronous::run()).expect("nobody else has the locks");
    blocks::run().expect("nobody else has the locks");
    ready(blocks::run_async()).expect("nobody else has the locks");
}

/// The value of a future that waits for nothing.
fn ready<T>(future: impl Future<Output = T>) -> T {
    let mut context = std::task::Context::from_waker(std::task::Waker::noop());
    match std::pin::pin!(future).poll(&mut context) {
        std::task::Poll::Ready(value) => value,
        std::task::Poll::Pending => panic!("nothing waits"),
    }
}
