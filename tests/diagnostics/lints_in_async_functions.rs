#![deny(unused_variables, unused_mut, unused_braces, unreachable_code)]

jam_lock::lock_names! {
    /// Held while an invoice is being saved.
    "invoice_saved",
}

use jam_lock::{LockError, locked};

#[locked("invoice_saved", timeout = limit)]
async fn save(
    unused: u32,
    timeout: u32,
    limit: u32,
    mut number: String,
    (left, _): (u8, u8),
) -> Result<usize, LockError> {
    let local = 1;
    return Ok(number.len());
    println!("never");
}

fn main() {
    let _ = save(1, 1, 1, String::new(), (1, 2));
    let _ = locked!("invoice_saved", guard = held, async {
        let local = 1;
    });
}
