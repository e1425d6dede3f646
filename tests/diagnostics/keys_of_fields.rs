jam_lock::lock_names! {
    /// One lock for each account.
    "account_{number}",
}

use jam_lock::{LockError, locked};

struct Account {
    number: u32,
}

#[locked("account_{from.number}", "account_{to.number}")]
fn transfer(from: &Account, to: &Account) -> Result<(), LockError> {
    Ok(())
}

#[locked("account_{number}", number = from.number, "account_{number}", number = to.number)]
fn as_suggested(from: &Account, to: &Account) -> Result<(), LockError> {
    Ok(())
}

fn main() {
    let account = Account { number: 7 };
    let _ = (transfer(&account, &account), as_suggested(&account, &account));
}
