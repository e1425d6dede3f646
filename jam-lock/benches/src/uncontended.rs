//! How long it takes to acquire and release a lock that nobody else wants.

use std::time::{Duration, Instant};

use crate::contender::{ALL, Outcome, Section};
use crate::statistics::Times;
use crate::table;

const ROUNDS: usize = 200;
const ACQUISITIONS: u32 = 200;

/// Prints the table.
pub(crate) fn measure() -> Outcome {
    let folder = tempfile::tempdir()?;
    let mut rows = Vec::new();
    for contender in ALL {
        rows.push((contender.name, contender.open(folder.path())?, Vec::new()));
    }
    for _ in 0..ROUNDS {
        for (_, lock, times) in &mut rows {
            times.push(acquire_often(lock.as_mut())?);
        }
    }
    let rows: Vec<_> = rows.into_iter().map(|(name, _, times)| (name, Times::new(times))).collect();
    let title = format!("Uncontended acquire and release, {ROUNDS} rounds, taking turns");
    table::print(&title, &rows);
    Ok(())
}

/// The mean of one acquisition and its release.
fn acquire_often(lock: &mut dyn Section) -> Outcome<Duration> {
    let start = Instant::now();
    for _ in 0..ACQUISITIONS {
        lock.run(&mut || ())?;
    }
    Ok(start.elapsed() / ACQUISITIONS)
}
