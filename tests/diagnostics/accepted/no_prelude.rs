//! A crate without a prelude, with the strictest lints.

#![no_implicit_prelude]
#![deny(warnings, missing_docs, unused, unreachable_pub)]

::jam_lock::lock_names! {
    /// Held while an invoice is being saved.
    "invoice_saved",
    /// Never used.
    "calculation",
}

use ::jam_lock::{LockError, locked};
use ::std::result::Result::{self, Ok};

#[locked("invoice_saved", timeout = 10, guard = held)]
fn save((left, _): (u8, ::std::string::String), _right: u8) -> Result<usize, LockError> {
    Ok(held.name().as_str().len() + left as usize)
}

fn main() {
    let _ = save;
    let _ = || locked!("invoice_saved", timeout = 0.5, {});
}
