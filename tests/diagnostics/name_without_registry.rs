use jam_lock::{LockError, locked};

#[locked("invoice_saved")]
fn save() -> Result<(), LockError> {
    Ok(())
}

fn main() {
    let _ = save();
}
