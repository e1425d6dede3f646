//! One answer to each question of the README, whose pieces of code are copied from here.
//!
//! ```text
//! cargo run --example recipes
//! ```

use std::error::Error;
use std::io;

use axum::Router;
use axum::extract::Path;
use axum::http::StatusCode;
use axum::routing::get;
use jam_lock::{LockError, locked, skip};

jam_lock::lock_names! {
    /// Held while the nightly report is being made.
    "report",
    /// One lock for each customer.
    "customer_{id}",
    /// Held while the stock is counted.
    "stock",
}

type Result<T, E = Box<dyn Error>> = std::result::Result<T, E>;

// Runs one instance at a time. The others are skipped, and return `Ok(())`; errors stay errors.
#[locked("report", timeout = 0, or_else = skip)]
fn make_report() -> io::Result<()> {
    println!("making the report");
    Ok(())
}

// Waits without blocking its thread. Dropping the future ends the wait, or releases the lock.
#[locked("stock", timeout = 10)]
async fn count_stock() -> Result<u32, LockError> {
    Ok(42)
}

// The same for a few lines.
async fn print_stock() -> Result<()> {
    let pieces = locked!("stock", timeout = 10, async { count().await }).await?;
    println!("{pieces} pieces");
    Ok(())
}

fn count() -> impl Future<Output = u32> {
    std::future::ready(42)
}

// A handler of axum, which has no response for a `LockError`.
#[locked("customer_{id}", timeout = 5, or_else = |_| Err(StatusCode::SERVICE_UNAVAILABLE))]
async fn balance(Path(id): Path<u32>) -> Result<String, StatusCode> {
    Ok(format!("customer {id} owes nothing"))
}

// Has a lock for each customer: `{id}` is the parameter.
#[locked("customer_{id}", timeout = 10)]
fn deliver(id: u32) -> Result<(), LockError> {
    // A few lines that need another lock, beside other readers.
    let pieces = locked!("stock", shared, timeout = 0.5, { 42 })?;
    println!("{pieces} pieces for customer {id}");
    Ok(())
}

// Locks both, in the order of the keys: transfers in opposite directions cannot deadlock.
#[locked("customer_{from}", "customer_{to}", timeout = 10)]
fn transfer(from: u32, to: u32, cents: u32) -> Result<(), LockError> {
    println!("{cents} cents from {from} to {to}");
    Ok(())
}

fn count_if_free() -> Result<()> {
    let stock = jam_lock::default_locks()?.lock(lock_names::STOCK);
    match stock.try_acquire() {
        Ok(guard) => guard.release()?, // or drop it
        Err(error) if error.is_timeout() => println!("later: {error}"),
        Err(error) => return Err(error.into()),
    }
    Ok(())
}

fn main() -> Result<()> {
    make_report()?;
    deliver(7)?;
    transfer(7, 8, 100)?;
    count_if_free()?;
    let _: Router = Router::new().route("/customers/{id}", get(balance));
    let runtime = tokio::runtime::Builder::new_current_thread().build()?;
    println!("{} pieces", runtime.block_on(count_stock())?);
    runtime.block_on(print_stock())?;
    println!("{}", runtime.block_on(balance(Path(7))).map_err(|status| status.to_string())?);
    Ok(())
}
