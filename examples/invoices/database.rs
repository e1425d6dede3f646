//! The database that the workers share.

pub(crate) mod file;
mod postgres;
pub(crate) mod schema;
mod sqlite;

use std::path::Path;

use jam_lock::{LockError, LockGuard};

use crate::catalogue::Catalogue;
use crate::invoice::{Invoice, Line, Writes};
use crate::verdict::Count;

pub(crate) use self::postgres::Postgres;
pub(crate) use self::sqlite::Sqlite;

/// Tables of invoices, of their lines, and of the tracks that they sell.
pub(crate) trait Database {
    /// Creates the tables with the tracks and customers of the catalogue.
    fn create(&mut self, catalogue: &Catalogue) -> Result<(), DatabaseError>;

    /// The customers, by `ID`.
    fn customers(&mut self) -> Result<Vec<i64>, DatabaseError>;

    /// The tracks, each with its `UNITPRICE`, by `ID`.
    fn tracks(&mut self) -> Result<Vec<(i64, f64)>, DatabaseError>;

    /// Some invoices, the latest first.
    fn latest_invoices(&mut self) -> Result<Vec<i64>, DatabaseError>;

    /// A stored invoice.
    fn invoice(&mut self, id: i64) -> Result<Invoice, DatabaseError>;

    /// The stored lines of an invoice, except for those that are marked as deleted.
    fn lines(&mut self, invoice: i64) -> Result<Vec<Line>, DatabaseError>;

    /// The value of `TRACKS_SOLD` for a track.
    fn tracks_sold(&mut self, track: i64) -> Result<i64, DatabaseError>;

    /// Stores all of it or nothing, and nothing if the lock `held` has been lost.
    fn write(&mut self, writes: &Writes, held: Option<&LockGuard>) -> Result<(), DatabaseError>;

    /// For every track, the value of `TRACKS_SOLD` and the sum over the lines of invoices.
    fn counts(&mut self) -> Result<Vec<Count>, DatabaseError>;
}

/// An error of a database.
#[derive(Debug, thiserror::Error)]
pub(crate) enum DatabaseError {
    #[error("SQLite: {0}")]
    Sqlite(#[from] rusqlite::Error),
    #[error("PostgreSQL: {0}")]
    Postgres(#[from] ::postgres::Error),
    #[error("the transaction cannot be fenced: {0}")]
    Fence(#[from] Box<LockError>),
    #[error("another holder has had the lock since")]
    Lost,
}

/// Opens the database of a run, which is a file or has a URL.
pub(crate) fn open(location: &str) -> Result<Box<dyn Database>, DatabaseError> {
    if is_url(location) {
        Ok(Box::new(Postgres::open(location)?))
    } else {
        Ok(Box::new(Sqlite::open(Path::new(location))?))
    }
}

/// Whether `location` is the URL of a server, and not a file.
pub(crate) fn is_url(location: &str) -> bool {
    location.starts_with("postgres://") || location.starts_with("postgresql://")
}
