//! Prepares a database file for a run: copies or creates it, and checks it.

use std::path::Path;

use rusqlite::ErrorCode;

use crate::consistency_check::ConsistencyCheck;
use crate::database::DatabaseError;
use crate::database::sqlite::Sqlite;
use crate::demo_data;

/// The origin of a file that was not copied, in messages.
const DEMO_DATA: &str = "the generated demo data";

/// The tables that a run needs.
const REQUIRED_TABLES: [&str; 4] =
    ["DEMO_TRACKS", "DEMO_CUSTOMERS", "DEMO_INVOICES", "DEMO_INVOICE_TABLE"];

/// Those of them that must not be empty.
const NONEMPTY_TABLES: [&str; 2] = ["DEMO_TRACKS", "DEMO_CUSTOMERS"];

/// Why a run could not start.
#[derive(Debug, thiserror::Error)]
pub(crate) enum PrepareError {
    #[error("there is no database file {0}: check the path given to --database")]
    NoSuchFile(String),

    #[error("{0} is not an SQLite database")]
    NotADatabase(String),

    #[error(
        "{origin} has no table {table}, so it is not the database of Jam.py's demo application"
    )]
    MissingTable { origin: String, table: &'static str },

    #[error("{origin} has an empty table {table}, so nothing can be sold")]
    EmptyTable { origin: String, table: &'static str },

    #[error("{origin} was inconsistent before the run, so nothing was saved\n\n{check}")]
    Inconsistent { origin: String, check: ConsistencyCheck },

    #[error("cannot prepare {origin}: {error}")]
    Database { origin: String, error: DatabaseError },
}

/// Creates the database of a run at `path`: a copy of `source`, or demo data if it is `None`.
pub(crate) fn prepare_copy(source: Option<&Path>, path: &Path) -> Result<(), PrepareError> {
    let Some(source) = source else {
        let mut database = Sqlite::in_memory().map_err(|error| explain(error, DEMO_DATA))?;
        demo_data::create(&mut database).map_err(|error| explain(error, DEMO_DATA))?;
        return copy(&database, path, DEMO_DATA);
    };
    let origin = source.display().to_string();
    if !source.is_file() {
        return Err(PrepareError::NoSuchFile(origin));
    }
    // It may be real data, which must not change.
    let original = Sqlite::open_read_only(source).map_err(|error| explain(error, &origin))?;
    copy(&original, path, &origin)
}

/// Checks the database at `path`, or creates it with demo data if it does not exist.
pub(crate) fn prepare_in_place(path: &Path) -> Result<(), PrepareError> {
    if !path.exists() {
        return prepare_copy(None, path);
    }
    let origin = path.display().to_string();
    let mut database = Sqlite::open(path).map_err(|error| explain(error, &origin))?;
    check(&mut database, &origin)
}

fn copy(original: &Sqlite, path: &Path, origin: &str) -> Result<(), PrepareError> {
    let copied = original.copy_to(path).and_then(|()| Sqlite::open(path));
    check(&mut copied.map_err(|error| explain(error, origin))?, origin)
}

/// Checks that a run can use `database`.
fn check(database: &mut Sqlite, origin: &str) -> Result<(), PrepareError> {
    for table in REQUIRED_TABLES {
        if !database.has_table(table).map_err(|error| explain(error, origin))? {
            return Err(PrepareError::MissingTable { origin: origin.to_owned(), table });
        }
    }
    for table in NONEMPTY_TABLES {
        if database.is_empty(table).map_err(|error| explain(error, origin))? {
            return Err(PrepareError::EmptyTable { origin: origin.to_owned(), table });
        }
    }
    let check = ConsistencyCheck::run(database).map_err(|error| explain(error, origin))?;
    if check.passed() {
        Ok(())
    } else {
        Err(PrepareError::Inconsistent { origin: origin.to_owned(), check })
    }
}

fn explain(error: impl Into<DatabaseError>, origin: &str) -> PrepareError {
    let (error, origin) = (error.into(), origin.to_owned());
    match &error {
        DatabaseError::Sqlite(error)
            if error.sqlite_error_code() == Some(ErrorCode::NotADatabase) =>
        {
            PrepareError::NotADatabase(origin)
        }
        _ => PrepareError::Database { origin, error },
    }
}
