//! The handler: what an application does when an invoice is saved.

use std::collections::BTreeMap;
use std::thread;
use std::time::Duration;

use jam_lock::{LockError, locked};
use rusqlite::{Connection, Transaction, TransactionBehavior};

use crate::delta::Delta;
use crate::invoice::{Invoice, Line};

/// What became of an invoice that was saved.
#[derive(Debug)]
pub(crate) struct Applied {
    /// How many lines were inserted, modified or deleted.
    pub(crate) lines: usize,
    /// How long other processes had to be waited for.
    pub(crate) waited: Duration,
}

/// Why an invoice was not saved. Nothing of it is stored then.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SaveError {
    #[error("an invoice was not saved: {0}")]
    Lock(#[from] LockError),
    #[error("an invoice was not saved, SQLite says: {0}")]
    Sqlite(#[from] rusqlite::Error),
}

/// Saves an invoice, one at a time in all processes.
#[locked("invoice_saved", timeout = 10, guard = guard)]
pub(crate) fn on_apply(delta: &Delta, database: &mut Connection) -> Result<Applied, SaveError> {
    let lines = save(delta, database)?;
    Ok(Applied { lines, waited: guard.waited() })
}

/// Saves an invoice as [`on_apply`] does, and hopes that nobody else is at it.
pub(crate) fn on_apply_without_lock(
    delta: &Delta,
    database: &mut Connection,
) -> Result<Applied, SaveError> {
    let lines = save(delta, database)?;
    Ok(Applied { lines, waited: Duration::ZERO })
}

/// Reads, computes, then writes what was computed: right only if nobody else writes in between.
fn save(delta: &Delta, database: &mut Connection) -> rusqlite::Result<usize> {
    let invoice = Invoice::read(&delta.target, database)?;
    let before = invoice.read_lines(database)?;
    let after = delta.apply(&before);
    let sold = tracks_sold(&before, &after, database)?;
    thread::sleep(delta.think);

    let writes = database.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let lines = invoice.write(&before, &after, &writes)?;
    write_tracks_sold(&sold, &writes)?;
    writes.commit()?;
    Ok(lines)
}

/// What `TRACKS_SOLD` has to become, for every track of which more or less is sold than before.
fn tracks_sold(
    before: &[Line],
    after: &[Line],
    database: &Connection,
) -> rusqlite::Result<BTreeMap<i64, i64>> {
    let mut sold = BTreeMap::new();
    for line in before {
        *sold.entry(line.track).or_default() -= i64::from(line.quantity);
    }
    for line in after {
        *sold.entry(line.track).or_default() += i64::from(line.quantity);
    }
    sold.retain(|_, difference| *difference != 0);

    let mut stored =
        database.prepare_cached("SELECT ifnull(TRACKS_SOLD, 0) FROM DEMO_TRACKS WHERE ID = ?1")?;
    for (track, sold) in &mut sold {
        *sold += stored.query_row([track], |row| row.get::<_, i64>(0))?;
    }
    Ok(sold)
}

fn write_tracks_sold(sold: &BTreeMap<i64, i64>, writes: &Transaction) -> rusqlite::Result<()> {
    let mut write =
        writes.prepare_cached("UPDATE DEMO_TRACKS SET TRACKS_SOLD = ?2 WHERE ID = ?1")?;
    for (track, sold) in sold {
        write.execute([track, sold])?;
    }
    Ok(())
}
