jam_lock::lock_names! {
    /// Held while an invoice is being saved.
    "invoice_saved",
    /// One lock for each customer.
    "customer_{id}",
}

use jam_lock::{LockError, locked};

struct Invoice {
    customer: Customer,
}

struct Customer;

#[locked("customer_{id}", id = invoice.customer)]
fn save(invoice: &Invoice) -> Result<(), LockError> {
    Ok(())
}

#[locked("customer_{id}", timeout = 10)]
fn load(id: Customer) -> Result<(), LockError> {
    Ok(())
}

fn main() -> Result<(), LockError> {
    save(&Invoice { customer: Customer })?;
    load(Customer)
}
