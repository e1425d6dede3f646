//! What a worker tells the crew: a line of text for each invoice, on its standard output.

use std::fmt;
use std::io::{self, Write};
use std::str::FromStr;
use std::time::Duration;

/// One line from one worker.
#[derive(Debug)]
pub(crate) struct Report {
    pub(crate) worker: u32,
    pub(crate) news: News,
}

/// What happened to the worker.
#[derive(Debug)]
pub(crate) enum News {
    /// It saved an invoice.
    Saved { lines: usize, waited: Duration },
    /// It could not go on.
    Failed { reason: String },
}

impl Report {
    /// Sends the report.
    ///
    /// All workers write into one pipe; a line goes out as one write, which a pipe keeps whole.
    pub(crate) fn send(&self) -> io::Result<()> {
        io::stdout().write_all(format!("{self}\n").as_bytes())
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.news {
            News::Saved { lines, waited } => {
                write!(f, "{} saved {lines} {}", self.worker, waited.as_micros())
            }
            News::Failed { reason } => {
                write!(f, "{} failed {}", self.worker, reason.replace('\n', " "))
            }
        }
    }
}

/// A line that no worker writes.
#[derive(Debug, thiserror::Error)]
#[error("a worker wrote what is not a report: {0:?}")]
pub(crate) struct NotAReport(String);

impl FromStr for Report {
    type Err = NotAReport;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        parse(text).ok_or_else(|| NotAReport(text.to_owned()))
    }
}

fn parse(text: &str) -> Option<Report> {
    let (worker, text) = text.split_once(' ')?;
    let news = match text.split_once(' ')? {
        ("saved", numbers) => {
            let (lines, waited) = numbers.split_once(' ')?;
            let waited = Duration::from_micros(waited.parse().ok()?);
            News::Saved { lines: lines.parse().ok()?, waited }
        }
        ("failed", reason) => News::Failed { reason: reason.to_owned() },
        _ => return None,
    };
    Some(Report { worker: worker.parse().ok()?, news })
}
