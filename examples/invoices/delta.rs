//! The delta: what a user has changed in an invoice and not saved yet, as Jam.py calls it.

use std::time::Duration;

use crate::invoice::Line;

/// The changes of one invoice, as the handler receives them.
#[derive(Debug)]
pub(crate) struct Delta {
    pub(crate) target: Target,
    pub(crate) changes: Vec<Change>,
    /// How long the handler takes between reading and writing.
    pub(crate) think_time: Duration,
}

/// The invoice to change.
#[derive(Debug)]
pub(crate) enum Target {
    New { customer: i64, date: String },
    Stored { invoice: i64 },
}

/// A change of one line. Stored lines are referred to by their `ID`.
#[derive(Debug)]
pub(crate) enum Change {
    Insert { track: i64, quantity: i32, unit_price: f64 },
    Modify { line: i64, quantity: i32 },
    Delete { line: i64 },
}

impl Delta {
    /// The lines of the invoice after the changes.
    ///
    /// Another user may have saved the same invoice since the changes were entered, so they apply to
    /// what is `stored` now: modifying or deleting a line that no longer exists has no effect.
    pub(crate) fn apply(&self, stored: &[Line]) -> Vec<Line> {
        let mut lines = stored.to_vec();
        for change in &self.changes {
            match *change {
                Change::Insert { track, quantity, unit_price } => {
                    lines.push(Line { id: None, track, quantity, unit_price });
                }
                Change::Modify { line, quantity } => {
                    if let Some(found) = lines.iter_mut().find(|found| found.id == Some(line)) {
                        found.quantity = quantity;
                    }
                }
                Change::Delete { line } => lines.retain(|found| found.id != Some(line)),
            }
        }
        lines
    }
}
