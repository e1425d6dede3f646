//! Finds the table for a lock without a `Locks`.

use tokio_postgres::{SimpleQueryMessage, Transaction};

use crate::engine::postgres::error::server_error;
use crate::engine::postgres::table;
use crate::error::LockError;

/// The table of the transaction's database.
pub(super) async fn find_table(
    transaction: &Transaction<'_>,
    location: &str,
) -> Result<String, LockError> {
    let message = format!("{}; SELECT quote_ident(current_user)", table::FIND);
    let messages = transaction.simple_query(&message).await;
    let messages = messages
        .map_err(|error| server_error("find the table jam_lock", location.to_owned(), &error))?;
    let rows: Vec<_> = messages
        .iter()
        .filter_map(|message| match message {
            SimpleQueryMessage::Row(row) => Some(row),
            _ => None,
        })
        .collect();
    let (role, found) = rows.split_last().expect("the second query returns one row");
    table::existing(found, role.get(0).unwrap_or_default(), location)
}
