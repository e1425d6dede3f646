use jam_lock::{Holder, LockError, locked};

jam_lock::lock_names! {
    /// Held while an invoice is being saved.
    "invoice_saved",
}

fn repair(_: &Holder) -> Result<(), std::fmt::Error> {
    Ok(())
}

#[locked("invoice_saved", recover = repair)]
fn with_an_unrelated_error() -> Result<u32, LockError> {
    Ok(7)
}

#[locked("invoice_saved", recover = |holder| println!("{holder}"))]
fn without_a_result() -> Result<u32, LockError> {
    Ok(7)
}

#[locked("invoice_saved", recover = |_| Ok::<(), LockError>(()), or_else = |_| 0)]
fn in_an_infallible_function() -> u32 {
    7
}

#[locked("invoice_saved", shared, recover = repair)]
fn in_a_shared_section() -> Result<u32, LockError> {
    Ok(7)
}

fn main() {}
