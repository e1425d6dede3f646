//! The database file of a run: a copy, which is checked before the workers start.

use std::path::Path;

use rusqlite::{Connection, ErrorCode, OpenFlags};

use super::sqlite::BUSY_TIMEOUT;
use super::{DatabaseError, Sqlite};
use crate::catalogue;
use crate::verdict::Verdict;

/// The origin of a generated database.
const CATALOGUE: &str = "the generated catalogue";

/// The tables that a run needs.
const TABLES: [&str; 4] = ["DEMO_TRACKS", "DEMO_CUSTOMERS", "DEMO_INVOICES", "DEMO_INVOICE_TABLE"];

/// The tables that must not be empty.
const FILLED: [&str; 2] = ["DEMO_TRACKS", "DEMO_CUSTOMERS"];

/// Why a file cannot be used.
#[derive(Debug, thiserror::Error)]
pub(crate) enum FileError {
    #[error("there is no database file {0}: check the value of --database")]
    NoSuchFile(String),

    #[error("{0} is not an SQLite database")]
    NotADatabase(String),

    #[error(
        "{origin} has no table {table}, so it is not the database of Jam.py's demo application"
    )]
    MissingTable { origin: String, table: &'static str },

    #[error("the table {table} of {origin} is empty, so nothing can be sold")]
    EmptyTable { origin: String, table: &'static str },

    #[error("{origin} is already wrong, so nothing was saved\n\n{verdict}")]
    AlreadyWrong { origin: String, verdict: Verdict },

    #[error("{origin} cannot be copied and checked: {error}")]
    Unusable { origin: String, error: DatabaseError },
}

/// Creates the database of a run at `path`: a copy of `source`, or of the generated catalogue.
pub(crate) fn prepare(source: Option<&Path>, path: &Path) -> Result<(), FileError> {
    let Some(source) = source else {
        let mut database = Sqlite::in_memory().map_err(|error| explain(error, CATALOGUE))?;
        catalogue::create(&mut database).map_err(|error| explain(error, CATALOGUE))?;
        return copy(&database.0, path, CATALOGUE);
    };
    let origin = source.display().to_string();
    if !source.is_file() {
        return Err(FileError::NoSuchFile(origin));
    }
    // The original must not be changed.
    let original = Connection::open_with_flags(source, OpenFlags::SQLITE_OPEN_READ_ONLY)
        .map_err(|error| explain(error, &origin))?;
    copy(&original, path, &origin)
}

/// Checks the database at `path`, or creates it with the generated catalogue.
pub(crate) fn prepare_in_place(path: &Path) -> Result<(), FileError> {
    if !path.exists() {
        return prepare(None, path);
    }
    let origin = path.display().to_string();
    let mut database = Sqlite::open(path).map_err(|error| explain(error, &origin))?;
    check(&mut database, &origin)
}

fn copy(original: &Connection, path: &Path, origin: &str) -> Result<(), FileError> {
    let mut copy = vacuum_into(original, path).map_err(|error| explain(error, origin))?;
    check(&mut copy, origin)
}

fn vacuum_into(original: &Connection, path: &Path) -> rusqlite::Result<Sqlite> {
    let text = path.to_str().ok_or_else(|| rusqlite::Error::InvalidPath(path.to_owned()))?;
    original.busy_timeout(BUSY_TIMEOUT)?;
    original.execute("VACUUM INTO ?1", [text])?;
    Sqlite::open(path)
}

/// Checks that `database` can be used for a run.
fn check(database: &mut Sqlite, origin: &str) -> Result<(), FileError> {
    for table in TABLES {
        if !database.0.table_exists(None, table).map_err(|error| explain(error, origin))? {
            return Err(FileError::MissingTable { origin: origin.to_owned(), table });
        }
    }
    for table in FILLED {
        let rows = format!("SELECT count(*) FROM {table} WHERE DELETED = 0");
        let rows = database.0.query_row(&rows, [], |row| row.get::<_, i64>(0));
        if rows.map_err(|error| explain(error, origin))? == 0 {
            return Err(FileError::EmptyTable { origin: origin.to_owned(), table });
        }
    }
    let verdict = Verdict::new(database).map_err(|error| explain(error, origin))?;
    if verdict.is_right() {
        Ok(())
    } else {
        Err(FileError::AlreadyWrong { origin: origin.to_owned(), verdict })
    }
}

fn explain(error: impl Into<DatabaseError>, origin: &str) -> FileError {
    let (error, origin) = (error.into(), origin.to_owned());
    match &error {
        DatabaseError::Sqlite(error)
            if error.sqlite_error_code() == Some(ErrorCode::NotADatabase) =>
        {
            FileError::NotADatabase(origin)
        }
        _ => FileError::Unusable { origin, error },
    }
}
