jam_lock::lock_names! {
    /// One lock for each customer.
    "customer_{id}",
    /// One lock for each account of each shop.
    "{shop}.{account}",
}

use jam_lock::{LockError, locked};

struct Order {
    customer: u32,
}

#[locked("customer_{order.customer}")]
fn deliver(order: &Order) -> Result<(), LockError> {
    Ok(())
}

#[locked("customer_7")]
fn one() -> Result<(), LockError> {
    Ok(())
}

#[locked("customer")]
fn two() -> Result<(), LockError> {
    Ok(())
}

#[locked("{account}.{shop}")]
fn close(shop: u32, account: u32) -> Result<(), LockError> {
    Ok(())
}

#[locked("customer_{id}", id = from, id = to)]
fn transfer(from: u32, to: u32) -> Result<(), LockError> {
    let _ = (from, to);
    Ok(())
}

fn main() -> Result<(), LockError> {
    deliver(&Order { customer: 7 })?;
    one()?;
    two()?;
    close(7, 8)?;
    transfer(7, 8)
}
