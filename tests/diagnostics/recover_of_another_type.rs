use jam_lock::{Holder, LockError, locked};

jam_lock::lock_names! {
    /// Held while an invoice is being saved.
    "invoice_saved",
}

fn repair(_: &Holder) -> Result<(), std::fmt::Error> {
    Ok(())
}

#[locked("invoice_saved", recover = repair)]
fn whose_error_does_not_fit() -> Result<u32, LockError> {
    Ok(7)
}

#[locked("invoice_saved", recover = |holder| println!("{holder}"))]
fn that_returns_nothing() -> Result<u32, LockError> {
    Ok(7)
}

#[locked("invoice_saved", recover = |_| Ok::<(), LockError>(()), or_else = |_| 0)]
fn in_a_function_that_cannot_fail() -> u32 {
    7
}

#[locked("invoice_saved", shared, recover = repair)]
fn by_a_reader() -> Result<u32, LockError> {
    Ok(7)
}

fn main() {}
