//! A job of which only one instance may run: a second one does not wait, and is skipped.
//!
//! ```text
//! cargo run --example nightly_job
//! ```
//!
//! The job counts the sales that it reads, one per line, until the end of its input. Run it in two
//! terminals: the second one is skipped as long as the first one runs. Unlike a file with a process
//! id, the lock is released however the process ends, even if it is killed.

use std::io::{self, BufRead};

use jam_lock::{locked, skip};

jam_lock::lock_names! {
    /// Held while the report is being made.
    "nightly_report",
}

fn main() {
    match make_report(&mut io::stdin().lock()) {
        Some(sales) => println!("report finished: {sales} sales"),
        None => println!("skipped: the report is already being made"),
    }
}

/// Counts the `sales`; returns `None` if another process is making the report.
///
/// # Panics
/// If acquiring the lock fails for another reason: `skip` is only for a lock that is held.
#[locked("nightly_report", timeout = 0, or_else = skip)]
fn make_report(sales: &mut impl BufRead) -> Option<usize> {
    println!("making the report");
    let sales: io::Result<Vec<_>> = sales.lines().collect();
    Some(sales.expect("sales are lines of text").len())
}
