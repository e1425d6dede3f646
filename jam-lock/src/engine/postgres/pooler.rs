//! Refuses a pooler such as PgBouncer that runs each transaction on another session of the server:
//! behind it, two clients can hold one lock.

use std::hash::{BuildHasher, Hasher, RandomState};

use tokio_postgres::SimpleQueryRow;

use super::connection::Connection;
use super::url::Url;
use crate::error::LockError;

/// Takes a random advisory lock on two connections, to see whether each is a session of its own.
///
/// A pool may run both on the same session, or either on several in turn.
pub(super) async fn refuse_transaction_pooler(
    first: &mut Connection,
    second: &mut Connection,
    url: &Url,
) -> Result<(), LockError> {
    let key = RandomState::new().build_hasher().finish().to_ne_bytes();
    let key = i64::from_ne_bytes(key);
    let lock = format!("SELECT pg_backend_pid(), pg_try_advisory_lock({key})");
    let unlock = format!("SELECT pg_backend_pid(), pg_advisory_unlock({key})");
    let backend = "SELECT pg_backend_pid()";
    let succeeded = |row: &SimpleQueryRow| row.get(1) == Some("t");
    let first_locked = first.row(&lock, url).await?;
    let first_again = first.row(backend, url).await?;
    let second_locked = second.row(&lock, url).await?;
    let second_again = second.row(backend, url).await?;
    if succeeded(&second_locked) {
        second.row(&unlock, url).await?;
    }
    let first_unlocked = first.row(&unlock, url).await?;
    let is_one_backend =
        |rows: &[&SimpleQueryRow]| rows.windows(2).all(|two| two[0].get(0) == two[1].get(0));
    let are_sessions = is_one_backend(&[&first_locked, &first_again, &first_unlocked])
        && is_one_backend(&[&second_locked, &second_again]);
    if are_sessions
        && !is_one_backend(&[&first_locked, &second_locked])
        && succeeded(&first_locked)
        && !succeeded(&second_locked)
        && succeeded(&first_unlocked)
    {
        return Ok(());
    }
    Err(LockError::Unsupported {
        what: "transaction-level connection pooling (PgBouncer's `pool_mode = transaction`)",
        location: url.redacted(),
        remedy: "connect to the server directly, or through a pool with pool_mode = session".into(),
    })
}
