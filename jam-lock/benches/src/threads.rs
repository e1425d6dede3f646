//! Many threads of one process.

use std::sync::Barrier;
use std::thread;
use std::time::{Duration, Instant};

use crate::contender::{self, Contender, Outcome, REFERENCE};
use crate::spin;
use crate::statistics::{Sample, count, fairness};
use crate::table::{self, cannot, ratio};

const THREADS: usize = 8;
const ROUNDS: usize = 5;
const ROUND: Duration = Duration::from_millis(500);

/// How many sections a thread runs until it checks whether the round is over.
const BETWEEN_CHECKS: usize = 16;

/// Prints the tables.
pub(crate) fn measure() -> Outcome {
    measure_with(Duration::ZERO)?;
    measure_with(Duration::from_micros(20))
}

fn measure_with(section: Duration) -> Outcome {
    let folder = tempfile::tempdir()?;
    let (rust, python): (Vec<_>, Vec<_>) =
        contender::all().into_iter().partition(|contender| contender.is_rust());
    let mut results: Vec<_> =
        rust.into_iter().map(|contender| (contender, Vec::new(), Vec::new())).collect();
    for _ in 0..ROUNDS {
        for (contender, rates, fair) in &mut results {
            let shares = round(*contender, folder.path(), section)?;
            rates.push(shares.iter().sum::<f64>() / ROUND.as_secs_f64() / 1e3);
            fair.push(fairness(&shares));
        }
    }
    let median = |rates: &Vec<f64>| Sample::new(rates.clone()).median();
    let reference = results.iter().find(|(contender, ..)| contender.name == REFERENCE);
    let reference = reference.map(|(_, rates, _)| median(rates)).ok_or("it is measured")?;
    let mut rows: Vec<_> = results
        .iter()
        .map(|(contender, rates, fair)| {
            let rates = Sample::new(rates.clone());
            vec![
                contender.name.to_owned(),
                rates.with_spread(0),
                ratio(rates.median(), reference),
                Sample::new(fair.clone()).with_spread(3),
            ]
        })
        .collect();
    rows.extend(python.iter().map(|python| cannot(python.name, "runs one thread at a time", 4)));
    let micros = section.as_micros();
    table::print(
        &format!("{THREADS} threads of one process, sections of {micros} µs, {ROUNDS} rounds"),
        &["contender", "thousands per second", "relative", "Jain's index"],
        &rows,
    );
    Ok(())
}

/// How many sections each thread has run, each with a lock that it has opened itself.
fn round(contender: Contender, folder: &std::path::Path, section: Duration) -> Outcome<Vec<f64>> {
    let start = Barrier::new(THREADS);
    let shares: Vec<Result<usize, String>> = thread::scope(|scope| {
        let running: Vec<_> = (0..THREADS)
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
