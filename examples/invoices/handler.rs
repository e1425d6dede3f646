//! The handler that an application calls to save an invoice.

use std::collections::BTreeMap;
use std::thread;
use std::time::Duration;

use jam_lock::{LockError, LockGuard, locked};

use crate::database::{Database, DatabaseError};
use crate::delta::{Delta, Target};
use crate::invoice::{Invoice, Line, TAX_RATE, Writes};

/// The result of saving an invoice.
#[derive(Debug)]
pub(crate) struct Applied {
    /// How many lines were inserted, modified or deleted.
    pub(crate) lines: usize,
    /// How long it waited for other processes.
    pub(crate) waited: Duration,
}

/// Why an invoice was not saved. Nothing of it is stored then.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SaveError {
    #[error("an invoice was not saved: {0}")]
    Lock(#[from] LockError),
    #[error("an invoice was not saved: {0}")]
    Database(#[from] DatabaseError),
}

/// Saves an invoice, one at a time across all processes.
#[locked("invoice_saved", timeout = 10, guard = guard)]
pub(crate) fn on_apply(delta: &Delta, database: &mut dyn Database) -> Result<Applied, SaveError> {
    let lines = save(delta, database, Some(guard))?;
    Ok(Applied { lines, waited: guard.waited() })
}

/// Saves an invoice as [`on_apply`] does, but without the lock.
pub(crate) fn on_apply_without_lock(
    delta: &Delta,
    database: &mut dyn Database,
) -> Result<Applied, SaveError> {
    let lines = save(delta, database, None)?;
    Ok(Applied { lines, waited: Duration::ZERO })
}

/// Reads, computes and writes the result, which is correct only if no other process writes in between.
pub(crate) fn save(
    delta: &Delta,
    database: &mut dyn Database,
    held: Option<&LockGuard>,
) -> Result<usize, DatabaseError> {
    let (invoice, before) = read(&delta.target, database)?;
    let after = delta.apply(&before);
    let sold = tracks_sold(&before, &after, database)?;
    thread::sleep(delta.think);

    let writes = Writes { invoice: &invoice, before: &before, after: &after, sold: &sold };
    database.write(&writes, held)?;
    Ok(writes.deleted().count() + writes.written().count())
}

/// The invoice with its lines: a new one, or a stored one.
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

/// The new `TRACKS_SOLD` of every track whose sales change.
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
