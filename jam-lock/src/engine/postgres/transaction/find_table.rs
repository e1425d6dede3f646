//! Finds the table for a lock without a `Locks`.

use tokio_postgres::{SimpleQueryMessage, Transaction};

use crate::engine::postgres::error::server_error;
use crate::engine::postgres::table;
use crate::error::LockError;

/// The table that the transaction's search path finds.
pub(super) async fn find_table(
    transaction: &Transaction<'_>,
    location: &str,
) -> Result<String, LockError> {
    let failed = |error| server_error("find the table jam_lock", location.to_owned(), &error);
    let unsupported = |what| LockError::Unsupported {
        what,
        location: location.to_owned(),
        remedy: table::GRANTS,
    };
    let messages = transaction.simple_query(table::FIND).await.map_err(failed)?;
    let row = messages.iter().find_map(|message| match message {
        SimpleQueryMessage::Row(row) => Some((row.get(0)?, row.get(1)?)),
        _ => None,
    });
    match row {
        Some((table, "t")) => Ok(table.to_owned()),
        Some(_) => Err(unsupported("a role without privileges on the table `jam_lock`")),
        None => Err(unsupported("a database without the table `jam_lock`")),
    }
}
