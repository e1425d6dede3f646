//! Many threads of one process.

use std::sync::Barrier;
use std::thread;
use std::time::{Duration, Instant};

use crate::contender::{self, Contender, Outcome, REFERENCE, STD};
use crate::spin;
use crate::statistics::{Sample, count, fairness};
use crate::table::{self, cannot, ratio};

/// How many threads there are.
const THREADS: [usize; 3] = [2, 4, 8];
const ROUNDS: usize = 5;
const ROUND: Duration = Duration::from_millis(500);

/// How many sections a thread runs until it checks whether the round is over.
const BETWEEN_CHECKS: usize = 16;

/// Prints the tables.
pub(crate) fn measure() -> Outcome {
    for threads in THREADS {
        for section in [Duration::ZERO, Duration::from_micros(20)] {
            measure_with(threads, section)?;
        }
    }
    Ok(())
}

fn measure_with(threads: usize, section: Duration) -> Outcome {
    let folder = tempfile::tempdir()?;
    let (rust, python): (Vec<_>, Vec<_>) =
        contender::all().into_iter().partition(|contender| contender.is_rust());
    let mut results: Vec<_> =
        rust.into_iter().map(|contender| (contender, Vec::new(), Vec::new())).collect();
    for _ in 0..ROUNDS {
        for (contender, rates, fair) in &mut results {
            let shares = round(*contender, folder.path(), threads, section)?;
            rates.push(shares.iter().sum::<f64>() / ROUND.as_secs_f64() / 1e3);
            fair.push(fairness(&shares));
        }
    }
    let median = |rates: &Vec<f64>| Sample::new(rates.clone()).median();
    let reference = |name| {
        let found = results.iter().find(|(contender, ..)| contender.name == name);
        found.map(|(_, rates, _)| median(rates)).ok_or("it is measured")
    };
    let (reference, std) = (reference(REFERENCE)?, reference(STD)?);
    let mut rows: Vec<_> = results
        .iter()
        .map(|(contender, rates, fair)| {
            let rates = Sample::new(rates.clone());
            vec![
                contender.name.to_owned(),
                rates.with_spread(0),
                ratio(rates.median(), reference),
                ratio(rates.median(), std),
                Sample::new(fair.clone()).with_spread(3),
            ]
        })
        .collect();
    rows.extend(python.iter().map(|python| cannot(python.name, "runs one thread at a time", 5)));
    let micros = section.as_micros();
    table::print(
        &format!("{threads} threads of one process, sections of {micros} µs, {ROUNDS} rounds"),
        &["contender", "thousands per second", "relative", "relative to std", "Jain's index"],
        &rows,
    );
    Ok(())
}

/// How many sections each thread has run, each with a lock that it has opened itself.
fn round(
    contender: Contender,
    folder: &std::path::Path,
    threads: usize,
    section: Duration,
) -> Outcome<Vec<f64>> {
    let start = Barrier::new(threads);
    let shares: Vec<Result<usize, String>> = thread::scope(|scope| {
        let running: Vec<_> = (0..threads)
            .map(|_| {
                scope.spawn(|| {
                    let opened = contender.open(folder).map_err(|error| error.to_string());
                    start.wait();
                    let (mut lock, end, mut sections) = (opened?, Instant::now() + ROUND, 0);
                    // Reading the clock costs as much as an empty section.
                    while sections % BETWEEN_CHECKS > 0 || Instant::now() < end {
                        let taken = lock.run(&mut || {
                            spin(section);
                            sections += 1;
                        });
                        taken.map_err(|error| error.to_string())?;
                    }
                    Ok(sections)
                })
            })
            .collect();
        running.into_iter().map(|thread| thread.join().expect("it does not panic")).collect()
    });
    Ok(shares.into_iter().map(|share| share.map(count)).collect::<Result<_, _>>()?)
}
