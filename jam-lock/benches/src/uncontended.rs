//! How long it takes to acquire and release a lock that nobody else wants.

use std::time::{Duration, Instant};

use crate::child::Child;
use crate::contender::{self, Contender, Outcome, Section};
use crate::statistics::Sample;
use crate::table;

const ROUNDS: usize = 200;
const ACQUISITIONS: u32 = 200;

/// A lock of this program, or one of a Python process.
enum Measured {
    Here(Box<dyn Section>),
    There(Child),
}

/// Prints the table.
pub(crate) fn measure() -> Outcome {
    let title = format!("Uncontended acquire and release, {ACQUISITIONS} in a round");
    measure_all(&title, &contender::all(), contender::REFERENCE)
}

/// Prints the table of these `contenders`.
pub(crate) fn measure_all(title: &str, contenders: &[Contender], reference: &str) -> Outcome {
    let folder = tempfile::tempdir()?;
    let mut rows = Vec::new();
    for contender in contenders.iter().copied() {
        let measured = if contender.is_rust() {
            Measured::Here(contender.open(folder.path())?)
        } else {
            Measured::There(Child::start("acquire", contender, folder.path(), None)?)
        };
        rows.push((contender.name, measured, Vec::new()));
    }
    for _ in 0..ROUNDS {
        for (_, measured, times) in &mut rows {
            times.push(measured.acquire_often()?);
        }
    }
    let rows: Vec<_> =
        rows.into_iter().map(|(name, _, times)| (name, Sample::of(&times))).collect();
    table::print_times(title, &rows, reference);
    Ok(())
}

impl Measured {
    /// The mean of one acquisition and its release.
    fn acquire_often(&mut self) -> Outcome<Duration> {
        match self {
            Self::Here(lock) => {
                let start = Instant::now();
                for _ in 0..ACQUISITIONS {
                    lock.run(&mut || ())?;
                }
                Ok(start.elapsed() / ACQUISITIONS)
            }
            Self::There(process) => {
                process.order(&ACQUISITIONS.to_string())?;
                Ok(Duration::from_nanos(process.number()?))
            }
        }
    }
}
