//! The results of the workers, as a table.

use std::fmt;
use std::time::Duration;

/// The totals of all reports.
#[derive(Debug, Default)]
pub(crate) struct Summary {
    invoices: u32,
    lines: usize,
    /// One for each save that waited for the lock.
    waits: Vec<Duration>,
    /// From the start of the first worker to the end of the last one.
    pub(crate) elapsed: Duration,
}

impl Summary {
    /// Adds a saved invoice.
    pub(crate) fn add(&mut self, lines: usize, waited: Duration) {
        self.invoices += 1;
        self.lines += lines;
        if !waited.is_zero() {
            self.waits.push(waited);
        }
    }
}

impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut row = |label: &str, value: String| writeln!(f, "{label:<16} {value:>10}");
        row("invoices saved", self.invoices.to_string())?;
        row("lines written", self.lines.to_string())?;
        row("waited", self.waits.len().to_string())?;
        let mut waits = self.waits.clone();
        waits.sort_unstable();
        for (label, per_cent) in [("wait, p50", 50), ("wait, p99", 99), ("wait, max", 100)] {
            let wait = percentile(&waits, per_cent);
            row(label, wait.map_or("-".to_owned(), milliseconds))?;
        }
        let per_second = f64::from(self.invoices) / self.elapsed.as_secs_f64();
        row("saves per second", format!("{per_second:.0}"))
    }
}

/// The percentile `per_cent` of the sorted `waits`, by nearest rank; `None` if there are none.
fn percentile(waits: &[Duration], per_cent: usize) -> Option<Duration> {
    let rank = (waits.len() * per_cent).div_ceil(100);
    waits.get(rank.checked_sub(1)?).copied()
}

fn milliseconds(duration: Duration) -> String {
    format!("{:.1} ms", duration.as_secs_f64() * 1000.0)
}
