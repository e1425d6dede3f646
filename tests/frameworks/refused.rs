//! Orders of attributes that do not compile. `refusals.rs` compiles them, and reads the messages.
#![cfg(all(test, feature = "refused"))]

use jam_lock::{LockError, locked};
use rstest::rstest;

jam_lock::lock_names! {
    /// Held by a function with another attribute.
    "attribute",
}

#[rstest]
#[case(1)]
#[case(2)]
#[locked("attribute")]
fn test(#[case] number: u32) -> Result<(), LockError> {
    assert!(number > 0);
    Ok(())
}

#[cached::proc_macro::cached]
#[locked("attribute", or_else = |_| 0)]
fn value(number: u32) -> u32 {
    number
}

#[locked("attribute")]
#[maybe_async::must_be_sync]
async fn fetch() -> Result<(), LockError> {
    Ok(())
}
