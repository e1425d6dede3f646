jam_lock::lock_names! {
    /// Held while an invoice is being saved.
    "invoice_saved",
    /// Held while the sold tracks are recalculated.
    "calculation",
}

use jam_lock::{LockError, locked};

const SECONDS: f64 = 0.5;

#[locked("invoice_saved", timeout = "10")]
fn text() -> Result<(), LockError> {
    Ok(())
}

#[locked("invoice_saved", timeout = true)]
fn truth() -> Result<(), LockError> {
    Ok(())
}

#[locked("invoice_saved", timeout = 10s)]
fn unit() -> Result<(), LockError> {
    Ok(())
}

#[locked("invoice_saved", timeout = SECONDS)]
fn float() -> Result<(), LockError> {
    Ok(())
}

#[locked("invoice_saved", timeout = size_of::<Text>())]
fn size() -> Result<(), LockError> {
    Ok(())
}

struct Text;

fn main() {
    let _ = (size(), text(), truth(), unit(), float());
}
