//! What `#[locked]` adds to a call with an explicit guard.

use std::time::Instant;

use jam_lock::{LockError, Locks, locked};

use crate::contender::Outcome;
use crate::lock_names;
use crate::statistics::Sample;
use crate::table::{self, ratio};

const ROUNDS: usize = 500;
const CALLS: u32 = 200;

#[locked("measured", timeout = 10)]
fn declared(number: u32) -> Result<u32, LockError> {
    Ok(number + 1)
}

fn with_guard(number: u32) -> Result<u32, LockError> {
    let _guard = jam_lock::default_locks()?.lock(lock_names::MEASURED).timeout(10).acquire()?;
    Ok(number + 1)
}

type Call = fn(u32) -> Result<u32, LockError>;

/// Prints the table.
pub(crate) fn measure() -> Outcome {
    let folder = tempfile::tempdir()?;
    jam_lock::set_default_locks(Locks::open(folder.path())?)?;
    let variants: [(&str, Call); 2] = [("a guard", with_guard), ("#[locked]", declared)];
    let mut times = [const { Vec::new() }; 2];
    for round in 0..ROUNDS {
        for turn in 0..2 {
            // The second one runs with warm caches, so they take turns.
            let variant = (round + turn) % 2;
            let start = Instant::now();
            for number in 0..CALLS {
                std::hint::black_box(variants[variant].1(number)?);
            }
            times[variant].push(start.elapsed() / CALLS);
        }
    }
    let samples = times.map(|times| Sample::from_times(&times));
    let reference = samples[0].median();
    let rows: Vec<_> = variants
        .iter()
        .zip(&samples)
        .map(|((name, _), times)| {
            vec![(*name).to_owned(), times.with_spread(3), ratio(times.median(), reference)]
        })
        .collect();
    let title = format!("A locked call, with the attribute and with a guard, {ROUNDS} rounds");
    table::print(&title, &["how", "µs", "relative"], &rows);
    Ok(())
}
