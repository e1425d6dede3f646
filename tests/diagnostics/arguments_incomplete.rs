//! While an argument is being typed, only the missing value is an error.

#![deny(unused_imports, unused_variables)]

jam_lock::lock_names! {
    /// Held while an invoice is being saved.
    "invoice_saved",
    /// Held while the sold tracks are recalculated.
    "calculation",
}

use std::num::ParseIntError;

use jam_lock::{LockError, locked};

#[locked("invoice_saved", guard = held, timeout = )]
fn save() -> Result<u64, LockError> {
    Ok(held.token())
}

#[locked("invoice_saved", "calculation", guard = held, timeout =)]
async fn save_both() -> Result<u64, LockError> {
    Ok(held.1.token())
}

fn total(text: &str) -> Result<u64, ParseIntError> {
    let more: u64 = locked!("calculation", timeout =, guard = held, {
        text.parse::<u64>()? + held.token()
    })
    .unwrap();
    Ok(more)
}

async fn total_later(text: &str) {
    let parsed = locked!("calculation", timeout =, async move { text.parse::<u64>() }).await;
    println!("{parsed:?}");
}

fn main() {
    let _ = (save(), save_both(), total("7"), total_later("7"));
}
