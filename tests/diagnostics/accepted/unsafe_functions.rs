//! Unsafe functions, which this workspace forbids outside of such programs.

jam_lock::lock_names! {
    /// Held while an invoice is being saved.
    "invoice_saved",
}

use jam_lock::{LockError, locked};

struct Store(u32);

impl Store {
    #[locked("invoice_saved")]
    unsafe fn consumed(self, number: *const u32) -> Result<u32, LockError> {
        Ok(self.0 + unsafe { *number })
    }
}

#[locked("invoice_saved", or_else = |_| 0)]
unsafe extern "C" fn read(number: *const u32, _: u32) -> u32 {
    unsafe { *number }
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let folder = std::env::temp_dir().join(format!("jam-lock-unsafe-{}", std::process::id()));
    jam_lock::set_default_locks(jam_lock::Locks::open(&folder)?)?;
    let number = 7;
    let (read, sum) = unsafe { (read(&number, 0), Store(1).consumed(&number)?) };
    assert_eq!((read, sum), (7, 8));
    Ok(std::fs::remove_dir_all(folder)?)
}
