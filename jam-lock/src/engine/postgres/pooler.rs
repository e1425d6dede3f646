//! Refuses poolers that run the transactions of one client on several sessions of the server, or
//! all clients on one: behind them, two clients can hold one lock.

use std::time::Duration;

use tokio::time::timeout;
use tokio_postgres::SimpleQueryRow;

use super::connection::{Connection, query_error};
use super::random;
use super::url::Url;
use crate::error::LockError;

const BACKEND: &str = "SELECT pg_backend_pid()";

/// How long a query may take on one connection while another one has a transaction.
const UNBLOCKED: Duration = Duration::from_secs(1);

/// Refuses pgpool-II, which begins transactions of its own, and sends queries to other servers.
pub(super) async fn refuse_pgpool(first: &mut Connection, url: &Url) -> Result<(), LockError> {
    // It answers this itself; to a server it is an unknown setting.
    match first.rows("SHOW pool_version").await {
        Err(error) if error.code().is_none() => Err(query_error(url, &error)),
        Err(_) => Ok(()),
        Ok(_) => Err(LockError::Unsupported {
            what: "pgpool-II, behind which locks are not reliable",
            location: url.redacted(),
            remedy:
                "connect to the primary server directly, or through PgBouncer with pool_mode = \
                     session"
                    .into(),
        }),
    }
}

/// Takes a random advisory lock on two connections, to see whether each is a session of its own.
///
/// A pool may run both on the same session, or either on several in turn.
pub(super) async fn refuse_shared_sessions(
    first: &mut Connection,
    second: &mut Connection,
    url: &Url,
) -> Result<(), LockError> {
    let key = i64::from_ne_bytes(random::number().to_ne_bytes());
    let lock = format!("SELECT pg_backend_pid(), pg_try_advisory_lock({key})");
    let unlock = format!("SELECT pg_backend_pid(), pg_advisory_unlock({key})");
    let succeeded = |row: &SimpleQueryRow| row.get(1) == Some("t");
    let first_locked = first.row(&lock, url).await?;
    let first_again = first.row(BACKEND, url).await?;
    let second_locked = second.row(&lock, url).await?;
    let second_again = second.row(BACKEND, url).await?;
    if succeeded(&second_locked) {
        second.row(&unlock, url).await?;
    }
    let first_unlocked = first.row(&unlock, url).await?;
    let is_one_backend =
        |rows: &[&SimpleQueryRow]| rows.windows(2).all(|two| two[0].get(0) == two[1].get(0));
    let are_sessions = is_one_backend(&[&first_locked, &first_again, &first_unlocked])
        && is_one_backend(&[&second_locked, &second_again]);
    let are_one = is_one_backend(&[&first_locked, &second_locked]);
    if are_sessions
        && !are_one
        && succeeded(&first_locked)
        && !succeeded(&second_locked)
        && succeeded(&first_unlocked)
    {
        return Ok(());
    }
    let location = url.redacted();
    if are_sessions && are_one && is_only_session(first, second).await {
        return Err(LockError::Unsupported {
            what: "one session for all clients (PGlite, or a pool with one connection)",
            location,
            remedy: "connect to a PostgreSQL server directly, or through a pool with pool_mode = \
                     session"
                .into(),
        });
    }
    Err(LockError::Unsupported {
        what: "transaction-level connection pooling (PgBouncer's `pool_mode = transaction`)",
        location,
        remedy: "connect to the server directly, or through a pool with pool_mode = session".into(),
    })
}

/// Whether `second` has no other session than `first` while that has a transaction.
async fn is_only_session(first: &mut Connection, second: &mut Connection) -> bool {
    let Ok(begun) = first.rows(&format!("BEGIN; {BACKEND}")).await else { return false };
    match timeout(UNBLOCKED, second.rows(BACKEND)).await {
        Ok(Ok(rows)) => rows.first().map(|row| row.get(0)) == begun.first().map(|row| row.get(0)),
        Ok(Err(_)) => false,
        Err(_) => true,
    }
}
