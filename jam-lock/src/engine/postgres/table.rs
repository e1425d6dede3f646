//! The table with the tokens and the holders: the only one of the database, which is created if it
//! is missing.
//!
//! An advisory lock belongs to its database, so its row does as well: programs whose `search_path`
//! differs would exclude each other, and yet count tokens and deaths in tables of their own. So the
//! table is looked up in the catalog, in whatever schema it is.

mod statements;

use tokio_postgres::SimpleQueryRow;
use tokio_postgres::error::SqlState;

use super::connection::Connection;
use super::error::server_error;
use super::url::Url;
use super::wait_domain;
use crate::error::LockError;

/// The advisory lock under which the table is created, so that programs which start at the same
/// time create one.
const CREATION: i64 = i64::from_be_bytes(*b"jam_lock");

/// Every table of that name with the schema, and whether the role may use it. A view, and a table
/// of something else or of one session, has no locks in it.
pub(super) const FIND: &str = "\
SELECT quote_ident(n.nspname),
    has_schema_privilege(n.oid, 'USAGE') AND has_table_privilege(c.oid, 'SELECT')
        AND has_table_privilege(c.oid, 'INSERT') AND has_table_privilege(c.oid, 'UPDATE')
        AND has_table_privilege(c.oid, 'DELETE'),
    EXISTS (SELECT FROM pg_attribute AS a WHERE a.attrelid = c.oid AND a.attname = 'last_run')
FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace
WHERE c.relname = 'jam_lock' AND c.relkind IN ('r', 'p') AND c.relpersistence <> 't'
    AND 7 = (SELECT count(*) FROM pg_attribute AS a WHERE a.attrelid = c.oid
        AND (a.attname, a.atttypid::regtype::text) IN (('key', 'bigint'), ('namespace', 'text'),
            ('name', 'text'), ('keyed', 'boolean'), ('token', 'bigint'), ('holder', 'jsonb'),
            ('died', 'jsonb')))
ORDER BY n.nspname";

/// The first schema of the `search_path` in which the role may create a table, or null.
const CREATABLE: &str = "\
SELECT (SELECT quote_ident(name) FROM unnest(current_schemas(false)) WITH ORDINALITY AS path(name, at)
    WHERE has_schema_privilege(name, 'CREATE') AND NOT starts_with(name, 'pg_')
    ORDER BY at LIMIT 1)";

/// The table's name with its schema; creates the table if it is missing.
pub(super) async fn find_or_create(first: &mut Connection, url: &Url) -> Result<String, LockError> {
    let found = match find(first, url).await? {
        Some(found) => found,
        None => create(first, url).await?,
    };
    if !found.is_usable {
        let role = role(first, url).await?;
        return Err(unusable(&found, &role, url.redacted()));
    }
    let table = found.table();
    if !found.has_last_run {
        add_last_run(first, url, &table).await?;
    }
    let columns = statements::COLUMN_NAMES;
    let probed = first.rows(&format!("SELECT {columns} FROM {table} LIMIT 0")).await;
    let operation = format!("use the table {table}");
    probed.map_err(|error| server_error(&operation, url.redacted(), &error))?;
    wait_domain::find_or_create(first, url, &table).await?;
    Ok(table)
}

/// The table among those that [`FIND`] has found for `role`, without creating one.
pub(super) fn existing(
    rows: &[&SimpleQueryRow],
    role: &str,
    location: &str,
) -> Result<String, LockError> {
    let found = rows.iter().map(|row| Found::from_row(row)).collect();
    match only(found, || location.to_owned())? {
        Some(found) if found.is_usable => Ok(found.table()),
        Some(found) => Err(unusable(&found, role, location.to_owned())),
        None => Err(LockError::Unsupported {
            what: "a database without the table `jam_lock`",
            location: location.to_owned(),
            remedy: statements::create_and_grant(role).into(),
        }),
    }
}

/// A table of the catalog.
struct Found {
    /// As it is written in a statement.
    schema: String,
    is_usable: bool,
    /// Whether it has the column that earlier versions did not create.
    has_last_run: bool,
}

impl Found {
    fn from_row(row: &SimpleQueryRow) -> Self {
        let schema = row.get(0).unwrap_or_default().to_owned();
        Self { schema, is_usable: row.get(1) == Some("t"), has_last_run: row.get(2) == Some("t") }
    }

    /// The table's name with its schema.
    fn table(&self) -> String {
        format!("{}.jam_lock", self.schema)
    }
}

async fn find(first: &mut Connection, url: &Url) -> Result<Option<Found>, LockError> {
    let found = first.all(FIND, url).await?.iter().map(Found::from_row).collect();
    only(found, || url.redacted())
}

/// The only table of the database, or `None`; which of several has the locks cannot be decided.
fn only(
    mut found: Vec<Found>,
    location: impl FnOnce() -> String,
) -> Result<Option<Found>, LockError> {
    if found.len() > 1 {
        let schemas = found.iter().map(|table| &*table.schema).collect::<Vec<_>>();
        return Err(LockError::Unsupported {
            what: "a database with several tables `jam_lock`",
            location: location(),
            remedy: statements::keep_one(&schemas).into(),
        });
    }
    Ok(found.pop())
}

fn unusable(found: &Found, role: &str, location: String) -> LockError {
    LockError::Unsupported {
        what: "a role without privileges on the table `jam_lock`",
        location,
        remedy: statements::grant(&found.schema, role).into(),
    }
}

/// Creates the table, unless another program has done so by now.
async fn create(first: &mut Connection, url: &Url) -> Result<Found, LockError> {
    // The second look must see what was committed while this program waited.
    let begin =
        format!("BEGIN ISOLATION LEVEL READ COMMITTED; SELECT pg_advisory_xact_lock({CREATION})");
    first.all(&begin, url).await?;
    let found = match find(first, url).await? {
        Some(found) => found,
        None => create_under_lock(first, url).await?,
    };
    first.all("COMMIT", url).await?;
    Ok(found)
}

/// Creates the table while no other program does.
async fn create_under_lock(first: &mut Connection, url: &Url) -> Result<Found, LockError> {
    let creatable = first.row(CREATABLE, url).await?;
    let Some(schema) = creatable.get(0) else {
        let role = role(first, url).await?;
        return Err(LockError::Unsupported {
            what: "a role that cannot create the table `jam_lock`",
            location: url.redacted(),
            remedy: statements::create_and_grant(&role).into(),
        });
    };
    // An error would abort the transaction.
    let role = role(first, url).await?;
    let created = first.rows(&statements::create(schema)).await;
    created.map_err(|error| match error.code() {
        Some(&SqlState::DUPLICATE_TABLE) => LockError::Unsupported {
            what: "a schema with something else of the name `jam_lock`",
            location: url.redacted(),
            remedy: statements::create_and_grant(&role).into(),
        },
        _ => server_error(&format!("create the table {schema}.jam_lock"), url.redacted(), &error),
    })?;
    Ok(Found { schema: schema.to_owned(), is_usable: true, has_last_run: true })
}

/// Adds the column for the last runs to a table that an earlier version has created.
async fn add_last_run(first: &mut Connection, url: &Url, table: &str) -> Result<(), LockError> {
    // All programs with locks would wait behind this, if it had to wait for an open transaction.
    let statement = statements::add_last_run(table);
    let limited = format!("BEGIN; SET LOCAL lock_timeout = '3s'; {statement}; COMMIT");
    let Err(error) = first.rows(&limited).await else { return Ok(()) };
    let _ = first.rows("ROLLBACK").await;
    if error.code() == Some(&SqlState::INSUFFICIENT_PRIVILEGE) {
        return Err(LockError::Unsupported {
            what: "a table `jam_lock` without the column `last_run`",
            location: url.redacted(),
            remedy: format!("have an administrator run: {statement}").into(),
        });
    }
    let operation = format!("add the column last_run to the table {table}");
    Err(server_error(&operation, url.redacted(), &error))
}

/// The role of the connection, as it is written in a statement.
async fn role(first: &mut Connection, url: &Url) -> Result<String, LockError> {
    let row = first.row("SELECT quote_ident(current_user)", url).await?;
    Ok(row.get(0).unwrap_or_default().to_owned())
}
