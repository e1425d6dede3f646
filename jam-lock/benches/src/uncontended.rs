//! How long it takes to acquire and release a lock that nobody else wants.

use std::error::Error;
use std::time::{Duration, Instant};

use crate::contender::{Contender, Opened};

const ROUNDS: usize = 200;
const ACQUISITIONS: u32 = 500;

/// Prints the table.
pub(crate) fn measure() -> Result<(), Box<dyn Error>> {
    let folder = tempfile::tempdir()?;
    let mut rows = Vec::new();
    for contender in Contender::ALL {
        rows.push((contender, contender.open(folder.path())?, Vec::new()));
    }
    for _ in 0..ROUNDS {
        for (_, lock, times) in &mut rows {
            times.push(acquire_often(lock)?);
        }
    }
    println!("## Uncontended acquire and release, medians of {ROUNDS} rounds, taking turns\n");
    println!("| contender | µs | beside flock + path check |");
    println!("|---|---:|---:|");
    let medians = rows.into_iter().map(|(contender, _, mut times)| {
        times.sort_unstable();
        (contender, times[ROUNDS / 2].as_secs_f64())
    });
    let medians: Vec<_> = medians.collect();
    let checked = medians.iter().find(|row| row.0 == Contender::CheckedFlock);
    let reference = checked.expect("the checked flock is measured").1;
    for (contender, median) in &medians {
        println!("| {} | {:.2} | {:.2} × |", contender.name(), median * 1e6, median / reference);
    }
    println!();
    Ok(())
}

/// The mean of one acquisition and its release.
fn acquire_often(lock: &Opened) -> Result<Duration, Box<dyn Error>> {
    let start = Instant::now();
    for _ in 0..ACQUISITIONS {
        drop(lock.acquire()?);
    }
    Ok(start.elapsed() / ACQUISITIONS)
}
