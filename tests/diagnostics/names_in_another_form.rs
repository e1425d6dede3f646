jam_lock::lock_names! {
    /// Held while data is exported.
    "export" = 3,
    /// One lock for each customer.
    "customer_{id}",
}

use jam_lock::{LockError, locked};

#[locked("export" = 3)]
fn with_permits() -> Result<(), LockError> {
    Ok(())
}

#[locked(["customer_{from}", "customer_{to}"])]
fn in_brackets(from: u32, to: u32) -> Result<(), LockError> {
    Ok(())
}

#[locked(("export", "customer_{id}"), timeout = 10)]
fn in_parentheses(id: u32) -> Result<(), LockError> {
    Ok(())
}

#[locked("customer_{from}, customer_{to}")]
fn in_one_literal(from: u32, to: u32) -> Result<(), LockError> {
    Ok(())
}

fn main() {
    let _ = (with_permits(), in_brackets(7, 8), in_parentheses(7), in_one_literal(7, 8));
}
