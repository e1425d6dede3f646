//! What a server is refused for.

use std::hash::{BuildHasher, Hasher, RandomState};

use tokio_postgres::SimpleQueryRow;

use super::queries::TABLE;
use super::server::{Connection, trouble};
use super::url::Address;
use crate::error::LockError;

/// The oldest server that notices when a client is gone that waits.
const OLDEST: u32 = 14_00_00;

/// Refuses what gives each transaction another session: there, two clients hold one lock.
///
/// A pool may give the same session to both, or others in turn to either.
pub(super) async fn refuse_a_pooler(
    first: &mut Connection,
    second: &mut Connection,
    address: &Address,
) -> Result<(), LockError> {
    let key = RandomState::new().build_hasher().finish().to_ne_bytes();
    let key = i64::from_ne_bytes(key);
    let take = format!("SELECT pg_backend_pid(), pg_try_advisory_lock({key})");
    let give = format!("SELECT pg_backend_pid(), pg_advisory_unlock({key})");
    let look = "SELECT pg_backend_pid()";
    let has = |row: &SimpleQueryRow| row.get(1) == Some("t");
    let here = first.row(&take, address).await?;
    let here_again = first.row(look, address).await?;
    let there = second.row(&take, address).await?;
    let there_then = second.row(look, address).await?;
    if has(&there) {
        second.row(&give, address).await?;
    }
    let after = first.row(&give, address).await?;
    let one = |rows: &[&SimpleQueryRow]| rows.windows(2).all(|two| two[0].get(0) == two[1].get(0));
    let are_sessions = one(&[&here, &here_again, &after]) && one(&[&there, &there_then]);
    if are_sessions && !one(&[&here, &there]) && has(&here) && !has(&there) && has(&after) {
        return Ok(());
    }
    Err(LockError::Unsupported {
        what: "a connection pooler that gives each transaction another session (as PgBouncer does \
               with pool_mode = transaction)",
        location: address.shown(),
        remedy: "connect to the server itself, or to a pool with pool_mode = session",
    })
}

pub(super) async fn refuse_what_is_old_or_only_read(
    first: &mut Connection,
    address: &Address,
) -> Result<(), LockError> {
    let text = "SELECT current_setting('server_version_num'), pg_is_in_recovery(), \
                current_setting('transaction_read_only')";
    let row = first.row(text, address).await?;
    let version = row.get(0).and_then(|version| version.parse().ok()).unwrap_or(0);
    let unsupported =
        |what, remedy| Err(LockError::Unsupported { what, location: address.shown(), remedy });
    if version < OLDEST {
        return unsupported("a PostgreSQL older than 14", "update the server");
    }
    if row.get(1) == Some("t") {
        return Err(standby(address));
    }
    if row.get(2) == Some("on") {
        return unsupported(
            "a role or database whose transactions are read-only",
            "set default_transaction_read_only = off for it",
        );
    }
    Ok(())
}

/// What is said of a server where a lock excludes nobody who asks the primary for it.
pub(super) fn standby(address: &Address) -> LockError {
    LockError::Unsupported {
        what: "a standby, which is only read,",
        location: address.shown(),
        remedy: "connect to the primary, for one by target_session_attrs=read-write",
    }
}

/// The table with its schema, which is made where there is none.
pub(super) async fn table(first: &mut Connection, address: &Address) -> Result<String, LockError> {
    let find = "SELECT quote_ident(n.nspname) || '.jam_lock', \
                has_table_privilege(c.oid, 'SELECT') AND has_table_privilege(c.oid, 'INSERT') \
                AND has_table_privilege(c.oid, 'UPDATE') \
                FROM (SELECT to_regclass('jam_lock')::oid AS oid) AS t \
                LEFT JOIN pg_class AS c ON c.oid = t.oid \
                LEFT JOIN pg_namespace AS n ON n.oid = c.relnamespace";
    let missing = |what| LockError::Unsupported { what, location: address.shown(), remedy: GRANTS };
    let mut row = first.row(find, address).await?;
    if row.get(0).is_none() {
        // Another process may be at it just now.
        let made = match first.rows(TABLE).await {
            Err(error) if error.code().is_some() => first.rows(TABLE).await,
            made => made,
        };
        if let Err(error) = made {
            return Err(match error.code() {
                Some(code) if code.code().starts_with("42") || code.code() == "3F000" => {
                    missing("a role that may not make the table `jam_lock`")
                }
                _ => trouble("make the table jam_lock", address, &error),
            });
        }
        row = first.row(find, address).await?;
    }
    let Some(table) = row.get(0) else {
        return Err(missing("a database without the table `jam_lock`"));
    };
    if row.get(1) != Some("t") {
        return Err(missing("a role that may not use the table `jam_lock`"));
    }
    let look = format!("SELECT key, namespace, name, token, holder, died FROM {table} LIMIT 0");
    let looked = first.rows(&look).await;
    looked.map_err(|error| trouble("use the table jam_lock", address, &error))?;
    Ok(table.to_owned())
}

/// What has to be run by somebody who may.
const GRANTS: &str = "\
have an administrator run: CREATE TABLE IF NOT EXISTS jam_lock (key bigint PRIMARY KEY, \
namespace text NOT NULL, name text NOT NULL, token bigint NOT NULL, holder jsonb, died jsonb); \
GRANT SELECT, INSERT, UPDATE ON jam_lock TO the role";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_an_administrator_is_told_to_run_is_what_would_have_been_run() {
        let words = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
        let told = words(GRANTS).replace("( ", "(").replace(" )", ")");
        let run = words(TABLE).replace("( ", "(").replace(" )", ")");
        assert!(told.contains(&run), "{told}\n{run}");
    }
}
