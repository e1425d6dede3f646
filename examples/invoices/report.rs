//! The reports of a worker to the supervisor: a line on its standard output for each invoice.

use std::fmt;
use std::io::{self, Write};
use std::str::FromStr;
use std::time::Duration;

/// A line of a worker.
#[derive(Debug)]
pub(crate) struct Report {
    pub(crate) worker: u32,
    pub(crate) event: Event,
}

/// What happened in the worker.
#[derive(Debug)]
pub(crate) enum Event {
    /// It saved an invoice.
    Saved { lines: usize, waited: Duration },
    /// It had to stop.
    Failed { reason: String },
}

impl Report {
    /// Sends the report.
    ///
    /// All workers write into one pipe; a line is one write, which a pipe does not split.
    pub(crate) fn send(&self) -> io::Result<()> {
        io::stdout().write_all(format!("{self}\n").as_bytes())
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.event {
            Event::Saved { lines, waited } => {
                write!(f, "{} saved {lines} {}", self.worker, waited.as_micros())
            }
            Event::Failed { reason } => {
                write!(f, "{} failed {}", self.worker, reason.replace('\n', " "))
            }
        }
    }
}

/// A line that is not a report.
#[derive(Debug, thiserror::Error)]
#[error("a worker printed a line that is not a report: {0:?}")]
pub(crate) struct NotAReport(String);

impl FromStr for Report {
    type Err = NotAReport;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        parse(text).ok_or_else(|| NotAReport(text.to_owned()))
    }
}

fn parse(text: &str) -> Option<Report> {
    let (worker, text) = text.split_once(' ')?;
    let event = match text.split_once(' ')? {
        ("saved", numbers) => {
            let (lines, waited) = numbers.split_once(' ')?;
            let waited = Duration::from_micros(waited.parse().ok()?);
            Event::Saved { lines: lines.parse().ok()?, waited }
        }
        ("failed", reason) => Event::Failed { reason: reason.to_owned() },
        _ => return None,
    };
    Some(Report { worker: worker.parse().ok()?, event })
}
