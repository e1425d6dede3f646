//! The time to acquire and release a lock that nobody else wants.

use std::time::{Duration, Instant};

use crate::child::Child;
use crate::contender::{self, Contender, Outcome, Section};
use crate::statistics::Sample;
use crate::table;

const ROUNDS: usize = 200;
const ACQUISITIONS: u32 = 200;

/// A lock in this process, or one in a Python process.
enum Measured {
    InProcess(Box<dyn Section>),
    InChild(Child),
}

/// Prints the table.
pub(crate) fn measure() -> Outcome {
    let title = format!("Uncontended acquire and release, {ACQUISITIONS} in a round");
    measure_all(&title, &contender::all(), &[contender::REFERENCE])
}

/// Prints the table of these `contenders`.
pub(crate) fn measure_all(title: &str, contenders: &[Contender], references: &[&str]) -> Outcome {
    let folder = tempfile::tempdir()?;
    let mut rows = Vec::new();
    for contender in contenders.iter().copied() {
        let measured = if contender.is_rust() {
            Measured::InProcess(contender.open(folder.path())?)
        } else {
            Measured::InChild(Child::start("acquire", contender, folder.path(), None)?)
        };
        rows.push((contender.name, measured, Vec::new()));
    }
    for _ in 0..ROUNDS {
        for (_, measured, times) in &mut rows {
            times.push(measured.mean_time()?);
        }
    }
    let rows: Vec<_> =
        rows.into_iter().map(|(name, _, times)| (name, Sample::from_times(&times))).collect();
    table::print_times(title, &rows, references);
    Ok(())
}

impl Measured {
    /// The mean time of an acquisition and its release.
    fn mean_time(&mut self) -> Outcome<Duration> {
        match self {
            Self::InProcess(lock) => {
                let start = Instant::now();
                for _ in 0..ACQUISITIONS {
                    lock.run(&mut || ())?;
                }
                Ok(start.elapsed() / ACQUISITIONS)
            }
            Self::InChild(process) => {
                process.send(&ACQUISITIONS.to_string())?;
                Ok(Duration::from_nanos(process.receive_one()?))
            }
        }
    }
}
