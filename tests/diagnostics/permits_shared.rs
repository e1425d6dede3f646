use jam_lock::{LockError, locked};

jam_lock::lock_names! {
    /// Three at once.
    "export" = 3,
    /// Two at once for each printer.
    "printer_{id}" = 2,
}

#[locked("export", shared)]
fn export() -> Result<(), LockError> {
    Ok(())
}

fn print(id: u32) -> Result<(), LockError> {
    locked!("printer_{id}", shared, {})
}

fn main() {
    let _ = (export(), print(7));
}
