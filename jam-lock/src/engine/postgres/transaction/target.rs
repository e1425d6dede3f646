//! [`Target`]: a lock, as the statements name it.

use tokio_postgres::{SimpleQueryMessage, Transaction};

use super::TransactionLock;
use super::sql::Limit;
use crate::engine::Mode;
use crate::engine::postgres::error::server_error;
use crate::engine::postgres::table;
use crate::error::LockError;

/// A lock, as the statements name it.
pub(super) struct Target {
    pub(super) key: i64,
    /// A literal, as `name` is.
    pub(super) namespace: String,
    pub(super) name: String,
    /// The table with its schema, quoted.
    pub(super) table: String,
    pub(super) mode: Mode,
    pub(super) limit: Limit,
}

/// The table that the transaction's search path finds.
pub(super) async fn find_table(
    transaction: &Transaction<'_>,
    lock: &TransactionLock,
) -> Result<String, LockError> {
    let location = || lock.location.clone();
    let failed = |error| server_error("find the table jam_lock", location(), &error);
    let unsupported =
        |what| LockError::Unsupported { what, location: location(), remedy: table::GRANTS };
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
