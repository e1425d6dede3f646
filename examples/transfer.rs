//! Moves money from one account to another, in any number of processes at once.
//!
//! ```text
//! cargo run --example transfer 7 8 100
//! ```
//!
//! An account is a file with a number of cents, which is 1,000 at first. Both accounts are locked, always in
//! the order of their numbers, so transfers in opposite directions cannot deadlock.

use std::env;
use std::fs;
use std::io;

use jam_lock::locked;

jam_lock::lock_names! {
    /// One lock for each account.
    "account_{number}",
}

fn main() -> io::Result<()> {
    let arguments: Option<Vec<u64>> = env::args().skip(1).map(|it| it.parse().ok()).collect();
    let Some([from, to, cents]) = arguments.as_deref() else {
        return Err(io::Error::other("invalid arguments: use FROM TO CENTS"));
    };
    transfer(*from, *to, *cents)
}

#[locked("account_{from}", "account_{to}", timeout = 10)]
fn transfer(from: u64, to: u64, cents: u64) -> io::Result<()> {
    let left = balance(from)?.checked_sub(cents).ok_or_else(|| io::Error::other("no money"))?;
    set_balance(from, left)?;
    // Read after the other account was written: a transfer to oneself changes nothing.
    set_balance(to, balance(to)? + cents)
}

fn balance(account: u64) -> io::Result<u64> {
    match fs::read_to_string(file(account)) {
        Ok(text) => text.trim().parse().map_err(io::Error::other),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(1_000),
        Err(error) => Err(error),
    }
}

fn set_balance(account: u64, cents: u64) -> io::Result<()> {
    fs::write(file(account), format!("{cents}\n"))
}

fn file(account: u64) -> String {
    format!("account {account}.txt")
}
