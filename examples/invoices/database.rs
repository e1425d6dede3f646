//! The database that the workers share: all that the program asks of it, whichever it is.

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
    /// Makes the tables, with what can be sold, and to whom.
    fn make(&mut self, catalogue: &Catalogue) -> Result<(), DatabaseError>;

    /// The customers, by `ID`.
    fn customers(&mut self) -> Result<Vec<i64>, DatabaseError>;

    /// The tracks, each with its `UNITPRICE`, by `ID`.
    fn tracks(&mut self) -> Result<Vec<(i64, f64)>, DatabaseError>;

    /// Some invoices, the latest first.
    fn latest_invoices(&mut self) -> Result<Vec<i64>, DatabaseError>;

    /// A stored invoice.
    fn invoice(&mut self, id: i64) -> Result<Invoice, DatabaseError>;

    /// The stored lines of an invoice, those that are marked deleted left out.
    fn lines(&mut self, invoice: i64) -> Result<Vec<Line>, DatabaseError>;

    /// What `TRACKS_SOLD` says of a track.
    fn tracks_sold(&mut self, track: i64) -> Result<i64, DatabaseError>;

    /// Stores all of it, or nothing; nothing where `held` is a lock that was lost meanwhile.
    fn write(&mut self, writes: &Writes, held: Option<&LockGuard>) -> Result<(), DatabaseError>;

    /// What `TRACKS_SOLD` says of every track, beside what the lines of the invoices say.
    fn counts(&mut self) -> Result<Vec<Count>, DatabaseError>;
}

/// What goes wrong with a database.
#[derive(Debug, thiserror::Error)]
pub(crate) enum DatabaseError {
    #[error("SQLite says: {0}")]
    Sqlite(#[from] rusqlite::Error),
    #[error("PostgreSQL says: {0}")]
    Postgres(#[from] ::postgres::Error),
    #[error("the lock cannot fence it: {0}")]
    Fence(#[from] Box<LockError>),
    #[error("somebody else has had the lock meanwhile")]
    Lost,
}

/// Opens the database of a run: a file, or what a URL names.
pub(crate) fn open(place: &str) -> Result<Box<dyn Database>, DatabaseError> {
    if is_url(place) {
        Ok(Box::new(Postgres::open(place)?))
    } else {
        Ok(Box::new(Sqlite::open(Path::new(place))?))
    }
}

/// Whether `place` is a server's, and no file.
pub(crate) fn is_url(place: &str) -> bool {
    place.starts_with("postgres://") || place.starts_with("postgresql://")
}
