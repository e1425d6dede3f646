//! A job of which only one instance may run: a second one is skipped, and prints that.
//!
//! ```text
//! cargo run --example nightly_job
//! ```
//!
//! It counts the lines of its input, one per sale. Start it twice and type some: the second one is
//! skipped until the first one has ended, however it ends. A file with a process id cannot show
//! whether its writer is still alive; a lock can.

use std::io::{self, BufRead};

use jam_lock::{locked, skip};

jam_lock::lock_names! {
    /// Held while the report is being made.
    "nightly_report",
}

fn main() {
    match make_report(&mut io::stdin().lock()) {
        Some(sales) => println!("the report is made: {sales} sales"),
        None => println!("skipped: the report is already being made"),
    }
}

/// Counts the `sales`, or returns `None` if another process is doing that.
///
/// `skip` is for a lock that is held: it panics with any other error.
#[locked("nightly_report", timeout = 0, or_else = skip)]
fn make_report(sales: &mut impl BufRead) -> Option<usize> {
    println!("making the report");
    let sales: io::Result<Vec<_>> = sales.lines().collect();
    Some(sales.expect("sales are lines of text").len())
}
