//! The main rows of all tables, beside each other.

use std::iter;

use super::printed::Table;
use crate::contender::{self, Outcome};
use crate::table;

/// The contenders of a summary, and what they are called there.
pub(super) const CONTENDERS: [(&str, &str); 8] = [
    (contender::OURS, "jam-lock"),
    (contender::UNRECORDED, "jam-lock without records"),
    (contender::STD, "std"),
    ("fd-lock", "fd-lock"),
    ("serial_test, opens each time", "serial_test"),
    ("filelock (Rust), timed", "filelock (Rust)"),
    ("filelock (Python), timed, opens each time", "filelock (Python)"),
    ("Jam.py, timed, opens each time", "Jam.py"),
];

/// One number of each contender.
pub(super) struct Row {
    pub(super) title: &'static str,
    table: &'static str,
    column: &'static str,
    pub(super) unit: &'static str,
}

const RELATIVE: &str = "median, relative to flock + path check";

pub(super) const ROWS: [Row; 7] = [
    Row {
        title: "uncontended acquire and release, relative to `flock(2)` with the same check",
        table: "Uncontended acquire and release",
        column: RELATIVE,
        unit: " ×",
    },
    Row {
        title: "hand-off to a waiting process, on one processor, relative",
        table: "Hand-off to a waiter in another process, on one processor",
        column: RELATIVE,
        unit: " ×",
    },
    Row {
        title: "… on two processors",
        table: "Hand-off to a waiter in another process, on two processors",
        column: RELATIVE,
        unit: " ×",
    },
    Row {
        title: "… wherever the scheduler puts them",
        table: "Hand-off to a waiter in another process, wherever",
        column: RELATIVE,
        unit: " ×",
    },
    Row {
        title: "8 processes, sections of 1 ms: longest wait",
        table: "8 processes × 1 threads",
        column: "longest wait, ms",
        unit: " ms",
    },
    Row {
        title: "… evenness of the turns (Jain's index, 1 is best)",
        table: "8 processes × 1 threads",
        column: "Jain's index",
        unit: "",
    },
    Row {
        title: "processor time of a second of waiting",
        table: "Processor time of a second of waiting",
        column: "median µs (p10 to p90)",
        unit: " µs",
    },
];

impl Row {
    /// The number of each contender; a filelock without a timeout is not measured in every table.
    pub(super) fn numbers(&self, tables: &[Table]) -> Outcome<[Option<f64>; CONTENDERS.len()]> {
        let table = tables.iter().find(|table| table.is_titled(self.table));
        let table = table.ok_or_else(|| format!("`{}` was not measured", self.table))?;
        Ok(CONTENDERS.map(|(name, _)| table.number(name, self.column)))
    }
}

/// The summary, in Markdown.
pub(super) fn of(tables: &[Table]) -> Outcome<String> {
    let names = CONTENDERS.iter().map(|(_, name)| (*name).to_owned());
    let columns: Vec<_> = iter::once(String::new()).chain(names).collect();
    let rows = ROWS.iter().map(|row| {
        let numbers = row.numbers(tables)?.map(|number| match number {
            Some(number) => format!("{}{}", rounded(number), row.unit),
            None => "–".to_owned(),
        });
        Ok(iter::once(row.title.to_owned()).chain(numbers).collect())
    });
    Ok(table::markdown(&columns, &rows.collect::<Outcome<Vec<_>>>()?))
}

/// With as many digits as mean something.
pub(super) fn rounded(number: f64) -> String {
    match number {
        100.0.. => format!("{number:.0}"),
        10.0.. => format!("{number:.1}"),
        _ => format!("{number:.2}"),
    }
}
