//! Many processes that take turns in short sections.

use std::fmt::Write;
use std::io;
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use crate::child::Child;
use crate::contender::{self, BARE, Contender, ON_A_THREAD, OURS, Outcome, REFERENCE, UNRECORDED};
use crate::spin;
use crate::statistics::{Sample, count, fairness};
use crate::table::{self, ratio};

const PROCESSES: usize = 8;
const SECTION: Duration = Duration::from_millis(1);

/// The sections of many processes, which are so short that handing off is a large part of the time.
const SHORT_SECTION: Duration = Duration::from_micros(200);

/// How many take turns in short sections.
const MANY: [usize; 4] = [8, 64, 256, 800];
const ROUNDS: usize = 3;
const ROUND: Duration = Duration::from_secs(2);

/// The results of the rounds of one contender.
#[derive(Default)]
struct Result {
    milliseconds: Vec<f64>,
    longest: Vec<f64>,
    fairness: Vec<f64>,
}

/// Prints the tables.
pub(crate) fn measure() -> Outcome {
    measure_with(1)?;
    measure_with(4)?;
    MANY.into_iter().try_for_each(measure_many)
}

/// Prints the table of short sections, of those that wait without polling.
fn measure_many(processes: usize) -> Outcome {
    let folder = tempfile::tempdir()?;
    let mut results = Vec::new();
    for name in [BARE, REFERENCE, ON_A_THREAD, OURS, UNRECORDED] {
        results.push((Contender::named(name)?, Result::default()));
    }
    for _ in 0..ROUNDS {
        for (contender, result) in &mut results {
            round(*contender, folder.path(), processes, 1, SHORT_SECTION, result)?;
        }
    }
    let title = format!("{processes} processes, sections of 0.2 ms, {ROUNDS} rounds");
    print(&title, &results, BARE)
}

fn measure_with(threads: usize) -> Outcome {
    let folder = tempfile::tempdir()?;
    let mut results: Vec<_> =
        contender::all().into_iter().map(|contender| (contender, Result::default())).collect();
    for _ in 0..ROUNDS {
        for (contender, result) in &mut results {
            round(*contender, folder.path(), PROCESSES, threads, SECTION, result)?;
        }
    }
    let title =
        format!("{PROCESSES} processes × {threads} threads, sections of 1 ms, {ROUNDS} rounds");
    print(&title, &results, BARE)
}

/// Prints a table, relative to one contender.
fn print(title: &str, results: &[(Contender, Result)], reference: &str) -> Outcome {
    let reference = results.iter().find(|(contender, _)| contender.name == reference);
    let (_, reference) = reference.ok_or("the reference is measured")?;
    let [milliseconds, longest] = [&reference.milliseconds, &reference.longest]
        .map(|numbers| Sample::new(numbers.clone()).median());
    let rows: Vec<_> = results
        .iter()
        .map(|(contender, result)| {
            let [each, wait, fair] = [&result.milliseconds, &result.longest, &result.fairness]
                .map(|numbers| Sample::new(numbers.clone()));
            vec![
                contender.name.to_owned(),
                each.with_spread(2),
                ratio(each.median(), milliseconds),
                wait.with_spread(0),
                ratio(wait.median(), longest),
                fair.with_spread(3),
            ]
        })
        .collect();
    table::print(
        title,
        &["contender", "ms a section", "relative", "longest wait, ms", "relative", "Jain's index"],
        &rows,
    );
    Ok(())
}

fn round(
    contender: Contender,
    folder: &Path,
    processes: usize,
    threads: usize,
    section: Duration,
    result: &mut Result,
) -> Outcome {
    let mut processes = (0..processes)
        .map(|_| Child::start("sections", contender, folder, None))
        .collect::<Outcome<Vec<_>>>()?;
    let start = Instant::now();
    for process in &mut processes {
        process.send(&format!("{threads} {} {}", ROUND.as_millis(), section.as_micros()))?;
    }
    let (mut shares, mut longest) = (Vec::new(), 0);
    for process in &mut processes {
        for thread in process.receive()?.chunks_exact(2) {
            shares.push(count(usize::try_from(thread[0])?));
            longest = longest.max(thread[1]);
        }
    }
    let sections: f64 = shares.iter().sum();
    result.milliseconds.push(start.elapsed().as_secs_f64() * 1e3 / sections);
    result.longest.push(Duration::from_nanos(longest).as_secs_f64() * 1e3);
    result.fairness.push(fairness(&shares));
    Ok(())
}

/// One of the processes: prints for each thread the number of its sections and its longest wait.
pub(crate) fn take_turns(contender: Contender, folder: &Path) -> Outcome {
    for line in io::stdin().lines() {
        let line = line?;
        let numbers: Vec<u64> =
            line.split(' ').map(str::parse).collect::<std::result::Result<_, _>>()?;
        let [threads, round, section] = numbers[..] else {
            return Err("threads, milliseconds, and the microseconds of a section".into());
        };
        let (round, section) = (Duration::from_millis(round), Duration::from_micros(section));
        let taken: Vec<_> = thread::scope(|scope| {
            let running: Vec<_> = (0..threads)
                .map(|_| scope.spawn(|| take_turns_for(contender, folder, round, section)))
                .collect();
            running.into_iter().map(|thread| thread.join().expect("it does not panic")).collect()
        });
        let results = taken.iter().try_fold(String::new(), |mut line, taken| {
            let (sections, longest) = taken.as_ref().map_err(String::as_str)?;
            write!(line, "{sections} {} ", longest.as_nanos()).map_err(|_| "no text")?;
            Ok::<_, &str>(line)
        })?;
        println!("{results}");
    }
    Ok(())
}

fn take_turns_for(
    contender: Contender,
    folder: &Path,
    round: Duration,
    section: Duration,
) -> std::result::Result<(usize, Duration), String> {
    let end = Instant::now() + round;
    let (mut sections, mut longest) = (0, Duration::ZERO);
    let mut lock = contender.open(folder).map_err(|error| error.to_string())?;
    while Instant::now() < end {
        let requested = Instant::now();
        let taken = lock.run(&mut || {
            longest = longest.max(requested.elapsed());
            spin(section);
            sections += 1;
        });
        taken.map_err(|error| error.to_string())?;
    }
    Ok((sections, longest))
}
