//! The database that the workers share: everything that the program needs of it, for each kind.

mod postgres;
pub(crate) mod sqlite;

use std::path::Path;

use jam_lock::{LockError, LockGuard};

use self::postgres::Postgres;
use self::sqlite::Sqlite;
use crate::invoice::{Invoice, InvoiceUpdate, Line};

/// What can be sold, and to whom.
pub(crate) struct Catalogue {
    /// Names and prices.
    pub(crate) tracks: Vec<(String, f64)>,
    /// First and last names.
    pub(crate) customers: Vec<[&'static str; 2]>,
}

/// How often a track was sold.
#[derive(Debug)]
pub(crate) struct TrackSales {
    pub(crate) id: i64,
    pub(crate) name: String,
    /// By its `TRACKS_SOLD`.
    pub(crate) tracks_sold: i64,
    /// By the lines of the invoices.
    pub(crate) sum_of_lines: i64,
}

/// A database with the tables of Jam.py's demo application.
pub(crate) trait Database {
    /// Creates the tables, and stores the catalogue.
    fn create_tables(&mut self, catalogue: &Catalogue) -> Result<(), DatabaseError>;

    /// The `ID`s of the customers, in ascending order.
    fn customers(&mut self) -> Result<Vec<i64>, DatabaseError>;

    /// The `ID` and `UNITPRICE` of the tracks, in ascending order.
    fn tracks(&mut self) -> Result<Vec<(i64, f64)>, DatabaseError>;

    /// The `ID`s of some invoices, the latest first.
    fn latest_invoices(&mut self) -> Result<Vec<i64>, DatabaseError>;

    /// A stored invoice.
    fn invoice(&mut self, id: i64) -> Result<Invoice, DatabaseError>;

    /// The stored lines of an invoice, without those that are marked as deleted.
    fn lines(&mut self, invoice: i64) -> Result<Vec<Line>, DatabaseError>;

    /// The `TRACKS_SOLD` of a track.
    fn tracks_sold(&mut self, track: i64) -> Result<i64, DatabaseError>;

    /// Stores the whole update or, on an error, nothing.
    ///
    /// # Errors
    /// [`DatabaseError::Lost`] if the lock of `guard` was lost, so that another holder may have had it since.
    fn store(
        &mut self,
        update: &InvoiceUpdate,
        guard: Option<&LockGuard>,
    ) -> Result<(), DatabaseError>;

    /// The sales of every track, counted in both ways.
    fn track_sales(&mut self) -> Result<Vec<TrackSales>, DatabaseError>;
}

/// Why an operation on a database failed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum DatabaseError {
    #[error("SQLite: {0}")]
    Sqlite(#[from] rusqlite::Error),
    #[error("PostgreSQL: {0}")]
    Postgres(#[from] ::postgres::Error),
    #[error("cannot fence the transaction: {0}")]
    Fence(#[from] Box<LockError>),
    #[error("the lock was lost, and another holder may have had it since")]
    Lost,
}

/// Opens the database at `location`, which is a file or the URL of a server.
pub(crate) fn open(location: &str) -> Result<Box<dyn Database>, DatabaseError> {
    if is_url(location) {
        Ok(Box::new(Postgres::connect(location)?))
    } else {
        Ok(Box::new(Sqlite::open(Path::new(location))?))
    }
}

/// Whether `location` is the URL of a server, and not a file.
pub(crate) fn is_url(location: &str) -> bool {
    location.starts_with("postgres://") || location.starts_with("postgresql://")
}
