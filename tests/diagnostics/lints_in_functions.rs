#![deny(unused_variables, unused_mut, unused_braces, unreachable_code, dead_code, missing_docs)]
//! The user's lints apply to the body of a section.

jam_lock::lock_names! {
    /// Held while an invoice is being saved.
    "invoice_saved",
    "calculation",
}

use jam_lock::{LockError, locked};

#[locked("invoice_saved")]
fn save(unused: u32, mut number: String, (left, _): (u8, u8)) -> Result<usize, LockError> {
    let local = 1;
    let mut constant = 2;
    return Ok(number.len() + constant);
    println!("never");
}

#[locked("invoice_saved", guard = held)]
fn report(self_made: u32) -> Result<u32, LockError> {
    struct Never;
    Ok({ self_made })
}

fn main() {
    let _ = (save(1, String::new(), (1, 2)), report(1));
    let _ = locked!("invoice_saved", guard = held, {
        let local = 1;
    });
}
