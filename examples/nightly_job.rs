//! A job that runs at most once an hour, although four workers start it at the same moment.
//!
//! ```text
//! seq 7 > sales.txt
//! cargo run --example nightly_job
//! cargo run --example nightly_job    # again: all four are skipped
//! rm sales.txt
//! ```
//!
//! The job takes less than a millisecond, so with a lock alone, each of the four would make the report, one
//! after another. Without `sales.txt` the job fails: that does not count, and the next worker tries at once.
//! `jam-lock list` shows when it ran, and when it may run again.

use std::io::{self, Read};
use std::process::{Child, Command, Stdio};
use std::{env, fs};

use jam_lock::{locked, skip};

jam_lock::lock_names! {
    /// Held while the report is being made.
    "nightly_report",
}

fn main() -> io::Result<()> {
    if let Some(number) = env::args().nth(1) {
        return work(&number);
    }
    let workers: Vec<Child> = (1..=4).map(start_worker).collect::<Result<_, _>>()?;
    // Their input ends when it is dropped: the signal for all of them.
    let outputs = workers.into_iter().map(|mut worker| (worker.stdin.take(), worker));
    let (inputs, workers): (Vec<_>, Vec<_>) = outputs.unzip();
    drop(inputs);
    for mut worker in workers {
        worker.wait()?;
    }
    Ok(())
}

fn start_worker(number: u32) -> io::Result<Child> {
    Command::new(env::current_exe()?).arg(number.to_string()).stdin(Stdio::piped()).spawn()
}

/// Waits for the signal, and makes the report.
fn work(number: &str) -> io::Result<()> {
    io::stdin().read_to_end(&mut Vec::new())?;
    match make_report() {
        Ok(Some(sales)) => println!("worker {number}: the report is finished, with {sales} sales"),
        Ok(None) => println!("worker {number}: skipped, the report is new enough"),
        Err(error) => println!("worker {number}: failed, {error}"),
    }
    Ok(())
}

/// Counts the sales; returns `None` if a report was made less than an hour ago.
#[locked("nightly_report", timeout = 60, at_most_every = 3600, or_else = skip)]
fn make_report() -> io::Result<Option<usize>> {
    let sales = fs::read_to_string("sales.txt")?;
    Ok(Some(sales.lines().count()))
}
