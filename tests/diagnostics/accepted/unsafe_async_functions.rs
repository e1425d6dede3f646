//! Unsafe async functions, whose bodies may perform unsafe operations.

#![allow(unsafe_op_in_unsafe_fn, reason = "this is what is tested")]

jam_lock::lock_names! {
    /// Held while an invoice is being saved.
    "invoice_saved",
}

use jam_lock::{LockError, locked};

struct Store(u32);

impl Store {
    #[locked("invoice_saved")]
    async unsafe fn consumed(self, number: *const u32) -> Result<u32, LockError> {
        Ok(self.0 + *number)
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let folder = std::env::temp_dir().join(format!("jam-lock-async-{}", std::process::id()));
    jam_lock::set_default_locks(jam_lock::Locks::open(&folder)?)?;
    let number = 7;
    assert_eq!(unsafe { Store(1).consumed(&number) }.await?, 8);
    Ok(std::fs::remove_dir_all(folder)?)
}
