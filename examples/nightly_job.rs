//! A job of which only one instance may run: who comes second does not wait, and says so.
//!
//! ```text
//! cargo run --example nightly_job
//! ```
//!
//! It counts the sales that it is sent, one a line, until the end of its input. Start it twice and
//! type some: the second one is skipped until the first has ended, in whatever way. A file with a
//! process id cannot show whether its writer is still alive; a lock can.

use std::io::{self, BufRead};

use jam_lock::{locked, skip};

jam_lock::lock_names! {
    /// Held while the report is being made.
    "nightly_report",
}

fn main() {
    match make_report(&mut io::stdin().lock()) {
        Some(sales) => println!("the report is made: {sales} sales"),
        None => println!("skipped: the report is being made already"),
    }
}

/// How many `sales` there are, or nothing where another process is at it.
///
/// `skip` is for a lock that is held: where it cannot be had for another reason, it panics with the
/// error.
#[locked("nightly_report", timeout = 0, or_else = skip)]
fn make_report(sales: &mut impl BufRead) -> Option<usize> {
    println!("making the report");
    let sales: io::Result<Vec<_>> = sales.lines().collect();
    Some(sales.expect("sales are lines of text").len())
}
