//! Names declared in a private module, and arguments in parentheses, cause no warnings.

#![deny(warnings)]

mod names {
    jam_lock::lock_names! {
        /// Held while an invoice is being saved.
        "invoice_saved",
        /// One lock for each customer.
        "customer_{id}",
    }
}

use jam_lock::{LockError, locked};

#[locked("customer_{id}", names = crate::names::lock_names, timeout = (-1))]
fn save(id: u32) -> Result<(), LockError> {
    Ok(())
}

#[locked("invoice_saved", names = names::lock_names, timeout = (limit))]
fn load(limit: u32) -> Result<(), LockError> {
    Ok(())
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let folder = std::env::temp_dir().join(format!("jam-lock-private-{}", std::process::id()));
    jam_lock::set_default_locks(jam_lock::Locks::open(&folder)?)?;
    save(7)?;
    load(7)?;
    Ok(std::fs::remove_dir_all(folder)?)
}
