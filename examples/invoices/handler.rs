//! The handler: what an application does when a user saves an invoice.

use std::collections::BTreeMap;
use std::thread;
use std::time::Duration;

use jam_lock::{LockError, LockGuard, locked};

use crate::database::{Database, DatabaseError};
use crate::delta::{Delta, Target};
use crate::invoice::{Invoice, InvoiceUpdate, Line, TAX_RATE};

/// What saving an invoice took.
#[derive(Debug)]
pub(crate) struct Saved {
    /// How many lines were inserted, modified or deleted.
    pub(crate) lines: usize,
    /// How long it waited for the lock.
    pub(crate) waited: Duration,
}

/// Why an invoice was not saved; none of it is stored then.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SaveError {
    #[error("an invoice was not saved: {0}")]
    Lock(#[from] LockError),
    #[error("an invoice was not saved: {0}")]
    Database(#[from] DatabaseError),
}

/// Saves an invoice, while no other process saves one.
#[locked("invoice_saved", timeout = 10, guard = held)]
pub(crate) fn on_apply(delta: &Delta, database: &mut dyn Database) -> Result<Saved, SaveError> {
    let lines = save(delta, database, Some(held))?;
    Ok(Saved { lines, waited: held.waited() })
}

/// Saves an invoice as [`on_apply`] does, and hopes that no other process does so at the same time.
pub(crate) fn on_apply_without_lock(
    delta: &Delta,
    database: &mut dyn Database,
) -> Result<Saved, SaveError> {
    let lines = save(delta, database, None)?;
    Ok(Saved { lines, waited: Duration::ZERO })
}

/// Reads, computes, then writes the result: correct only if nothing else writes in between.
pub(crate) fn save(
    delta: &Delta,
    database: &mut dyn Database,
    guard: Option<&LockGuard>,
) -> Result<usize, DatabaseError> {
    let (invoice, before) = read(&delta.target, database)?;
    let after = delta.apply(&before);
    let tracks_sold = tracks_sold(&before, &after, database)?;
    thread::sleep(delta.think_time);

    let update = InvoiceUpdate {
        invoice: &invoice,
        lines_before: &before,
        lines_after: &after,
        tracks_sold: &tracks_sold,
    };
    database.store(&update, guard)?;
    Ok(update.deleted_lines().count() + update.changed_lines().count())
}

/// The invoice to change, with its stored lines.
fn read(
    target: &Target,
    database: &mut dyn Database,
) -> Result<(Invoice, Vec<Line>), DatabaseError> {
    match target {
        Target::New { customer, date } => {
            let (customer, date) = (*customer, date.clone());
            Ok((Invoice { id: None, customer, date, tax_rate: TAX_RATE }, Vec::new()))
        }
        Target::Stored { invoice } => Ok((database.invoice(*invoice)?, database.lines(*invoice)?)),
    }
}

/// The new `TRACKS_SOLD` of every track whose sales change, by track.
fn tracks_sold(
    before: &[Line],
    after: &[Line],
    database: &mut dyn Database,
) -> Result<BTreeMap<i64, i64>, DatabaseError> {
    let mut sold = BTreeMap::new();
    for line in before {
        *sold.entry(line.track).or_default() -= i64::from(line.quantity);
    }
    for line in after {
        *sold.entry(line.track).or_default() += i64::from(line.quantity);
    }
    sold.retain(|_, difference| *difference != 0);
    for (track, sold) in &mut sold {
        *sold += database.tracks_sold(*track)?;
    }
    Ok(sold)
}
