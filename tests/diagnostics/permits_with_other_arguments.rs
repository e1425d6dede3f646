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

#[locked("export", at_most_every = 60)]
fn export_each_minute() -> Result<(), LockError> {
    Ok(())
}

#[locked("printer_{id}", at_most_every = 60, guard = held)]
fn print_each_minute(id: u32) -> Result<u32, LockError> {
    Ok(held.permit())
}

fn main() {
    let _ = (export(), print(7), export_each_minute(), print_each_minute(7));
}
