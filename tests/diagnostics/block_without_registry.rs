//! `locked` is imported, which is only the attribute.

use jam_lock::{LockError, locked};

fn save() -> Result<(), LockError> {
    locked!("invoice_saved", { println!("saved") })
}

fn save_by_path() -> Result<(), LockError> {
    jam_lock::locked!("invoice_saved", { println!("saved") })
}

fn main() {}
