//! What a worker reports to its parent process: a line on standard output for each invoice.

use std::fmt;
use std::io::{self, Write};
use std::str::FromStr;
use std::time::Duration;

/// A line from a worker.
#[derive(Debug)]
pub(crate) struct Report {
    pub(crate) worker: u32,
    pub(crate) outcome: Outcome,
}

/// The outcome of one save.
#[derive(Debug)]
pub(crate) enum Outcome {
    /// The invoice was saved.
    Saved { lines: usize, waited: Duration },
    /// An error ended the worker.
    Failed { reason: String },
}

impl Report {
    /// Sends the report.
    ///
    /// All workers write into one pipe. Each line is a single write, which a pipe does not split.
    pub(crate) fn send(&self) -> io::Result<()> {
        io::stdout().write_all(format!("{self}\n").as_bytes())
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.outcome {
            Outcome::Saved { lines, waited } => {
                write!(f, "{} saved {lines} {}", self.worker, waited.as_micros())
            }
            Outcome::Failed { reason } => {
                write!(f, "{} failed {}", self.worker, reason.replace('\n', " "))
            }
        }
    }
}

/// A line that is not a report.
#[derive(Debug, thiserror::Error)]
#[error("invalid report of a worker: {0:?}")]
pub(crate) struct InvalidReport(String);

impl FromStr for Report {
    type Err = InvalidReport;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        parse(text).ok_or_else(|| InvalidReport(text.to_owned()))
    }
}

fn parse(text: &str) -> Option<Report> {
    let (worker, text) = text.split_once(' ')?;
    let outcome = match text.split_once(' ')? {
        ("saved", numbers) => {
            let (lines, waited) = numbers.split_once(' ')?;
            let waited = Duration::from_micros(waited.parse().ok()?);
            Outcome::Saved { lines: lines.parse().ok()?, waited }
        }
        ("failed", reason) => Outcome::Failed { reason: reason.to_owned() },
        _ => return None,
    };
    Some(Report { worker: worker.parse().ok()?, outcome })
}
