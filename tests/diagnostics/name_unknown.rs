jam_lock::lock_names! {
    /// Held while an invoice is being saved.
    "invoice_saved",
    /// Held while the sold tracks are recalculated.
    "calculation",
}

use jam_lock::{LockError, locked};

#[locked("invoice_svaed", timeout = 10)]
fn save() -> Result<(), LockError> {
    Ok(())
}

#[locked("report")]
fn report() -> Result<(), LockError> {
    Ok(())
}

#[locked("invoice_svaed", guard = held)]
fn with_its_proof() -> Result<u32, LockError> {
    Ok(held.permit())
}

fn main() -> Result<(), LockError> {
    save()?;
    report()?;
    with_its_proof()?;
    let sold: u32 = locked!("Calculation", timeout = 0.5, { 7 })?;
    println!("{sold}");
    Ok(())
}
