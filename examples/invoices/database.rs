//! The database that the workers share: a copy of what there is, checked before anybody writes.

use std::path::Path;
use std::time::Duration;

use rusqlite::{Connection, ErrorCode, OpenFlags};

use crate::catalogue;
use crate::handler::SaveError;
use crate::verdict::Verdict;

/// How long a write waits for that of another process. Much longer than any takes, because a run
/// is about lost updates and not about a busy database.
const BUSY: Duration = Duration::from_secs(60);

/// The tables that a run needs.
const TABLES: [&str; 4] = ["DEMO_TRACKS", "DEMO_CUSTOMERS", "DEMO_INVOICES", "DEMO_INVOICE_TABLE"];

/// Those of them in which there has to be something to choose from.
const FILLED: [&str; 2] = ["DEMO_TRACKS", "DEMO_CUSTOMERS"];

/// Why a run could not start.
#[derive(Debug, thiserror::Error)]
pub(crate) enum DatabaseError {
    #[error("there is no database file {0}: check what was given to --database")]
    NoSuchFile(String),

    #[error("{0} is not an SQLite database")]
    NotADatabase(String),

    #[error(
        "{origin} has no table {table}, so it is not the database of Jam.py's demo application"
    )]
    MissingTable { origin: String, table: &'static str },

    #[error("{origin} has nothing in its table {table}, so nothing can be sold")]
    EmptyTable { origin: String, table: &'static str },

    #[error("{origin} is wrong already, so nothing was saved\n\n{verdict}")]
    WrongBefore { origin: String, verdict: Verdict },

    #[error("{origin} cannot be copied and checked, SQLite says: {error}")]
    Sqlite { origin: String, error: rusqlite::Error },

    #[error("the catalogue cannot be made: {0}")]
    Catalogue(#[from] SaveError),
}

/// Opens the database of a run.
pub(crate) fn open(path: &Path) -> rusqlite::Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let database = Connection::open_with_flags(path, flags)?;
    database.busy_timeout(BUSY)?;
    Ok(database)
}

/// Makes the database of a run at `path`: a copy of `source`, or of a catalogue of our own.
pub(crate) fn prepare(source: Option<&Path>, path: &Path) -> Result<(), DatabaseError> {
    let Some(source) = source else {
        return copy(&catalogue::make()?, path, "our own catalogue");
    };
    let origin = source.display().to_string();
    if !source.is_file() {
        return Err(DatabaseError::NoSuchFile(origin));
    }
    // Nothing may happen to somebody's real data.
    let original = Connection::open_with_flags(source, OpenFlags::SQLITE_OPEN_READ_ONLY)
        .map_err(|error| explain(error, &origin))?;
    copy(&original, path, &origin)
}

/// Sees whether the database at `path` is fit for a run, or makes it of a catalogue of our own.
pub(crate) fn prepare_in_place(path: &Path) -> Result<(), DatabaseError> {
    if !path.exists() {
        return prepare(None, path);
    }
    let origin = path.display().to_string();
    let database = open(path).map_err(|error| explain(error, &origin))?;
    check(&database, &origin)
}

fn copy(original: &Connection, path: &Path, origin: &str) -> Result<(), DatabaseError> {
    let copy = vacuum_into(original, path).map_err(|error| explain(error, origin))?;
    check(&copy, origin)
}

fn vacuum_into(original: &Connection, path: &Path) -> rusqlite::Result<Connection> {
    let text = path.to_str().ok_or_else(|| rusqlite::Error::InvalidPath(path.to_owned()))?;
    original.busy_timeout(BUSY)?;
    original.execute("VACUUM INTO ?1", [text])?;
    open(path)
}

/// Finds out whether `database` is fit for a run.
fn check(database: &Connection, origin: &str) -> Result<(), DatabaseError> {
    for table in TABLES {
        if !database.table_exists(None, table).map_err(|error| explain(error, origin))? {
            return Err(DatabaseError::MissingTable { origin: origin.to_owned(), table });
        }
    }
    for table in FILLED {
        let rows = format!("SELECT count(*) FROM {table} WHERE DELETED = 0");
        let rows = database.query_row(&rows, [], |row| row.get::<_, i64>(0));
        if rows.map_err(|error| explain(error, origin))? == 0 {
            return Err(DatabaseError::EmptyTable { origin: origin.to_owned(), table });
        }
    }
    let verdict = Verdict::of(database).map_err(|error| explain(error, origin))?;
    if verdict.is_right() {
        Ok(())
    } else {
        Err(DatabaseError::WrongBefore { origin: origin.to_owned(), verdict })
    }
}

fn explain(error: rusqlite::Error, origin: &str) -> DatabaseError {
    let origin = origin.to_owned();
    match error.sqlite_error_code() {
        Some(ErrorCode::NotADatabase) => DatabaseError::NotADatabase(origin),
        _ => DatabaseError::Sqlite { origin, error },
    }
}
