//! The domain whose check waits for a lock, which is created if it is missing.

use tokio_postgres::Error;
use tokio_postgres::error::SqlState;

use super::connection::Connection;
use super::error::server_error;
use super::queries::wait::{IS_GRANTED, domain, request, wait};
use super::random;
use super::url::Url;
use crate::engine::Mode;
use crate::error::LockError;

/// Creates the domain beside `table`, and its function; `queries::wait` says what they are for.
pub(super) fn create(table: &str) -> String {
    let (domain, release_snapshot) = (domain(table), format!("{table}_release_snapshot"));
    // The `LIMIT` keeps the function from being replaced by its body.
    format!(
        "CREATE OR REPLACE FUNCTION {release_snapshot}() RETURNS boolean \
         LANGUAGE sql VOLATILE AS 'SELECT true LIMIT 1'; \
         CREATE DOMAIN {domain} AS text CHECK (CASE WHEN {release_snapshot}() THEN \
         CASE split_part(VALUE, ' ', 1) \
         WHEN 'exclusive' THEN set_config('jam_lock.wait', 'granted', \
         pg_advisory_lock(split_part(VALUE, ' ', 2)::bigint) IS NULL) IS NOT NULL \
         WHEN 'shared' THEN set_config('jam_lock.wait', 'granted', \
         pg_advisory_lock_shared(split_part(VALUE, ' ', 2)::bigint) IS NULL) IS NOT NULL \
         ELSE true END END)"
    )
}

/// Lets `role` wait by the domain beside `table`, whatever privileges new functions have by default.
pub(super) fn grant(table: &str, role: &str) -> String {
    format!(
        "GRANT EXECUTE ON FUNCTION {table}_release_snapshot(), pg_advisory_lock(bigint), \
         pg_advisory_lock_shared(bigint) TO {role}"
    )
}

/// Creates the domain beside `table` if it is missing, and checks that a session can wait by it.
pub(super) async fn find_or_create(
    first: &mut Connection,
    url: &Url,
    table: &str,
) -> Result<(), LockError> {
    let find = format!("SELECT to_regtype('{}')", domain(table).replace('\'', "''"));
    if first.row(&find, url).await?.get(0).is_none() {
        let create = create(table);
        if let Err(error) = first.rows(&create).await {
            // Another process may have created it at the same time.
            if error.code().is_none() || first.row(&find, url).await?.get(0).is_none() {
                let what = "a role that cannot create the domain `jam_lock_wait`";
                let remedy = format!("have an administrator run: {create}");
                return Err(unsupported_or_failed(&error, url, what, remedy));
            }
        }
    }
    try_to_wait(first, url, table).await
}

/// Waits for a lock that nobody has.
async fn try_to_wait(first: &mut Connection, url: &Url, table: &str) -> Result<(), LockError> {
    let key = format!("'{}'::bigint", i64::from_ne_bytes(random::number().to_ne_bytes()));
    first.row(&format!("SELECT {}", request(Mode::Exclusive, &key)), url).await?;
    if let Err(error) = first.rows(&wait(table)).await {
        return Err(cannot_wait(&error, first, url, table).await);
    }
    let text = format!("SELECT pg_advisory_unlock({key}) AND {IS_GRANTED}");
    let unlocked = first.row(&text, url).await?;
    if unlocked.get(0) != Some("t") {
        return Err(LockError::Unsupported {
            what: "a type `jam_lock_wait` that is not the domain of this library",
            location: url.redacted(),
            remedy: format!("have an administrator remove it: DROP DOMAIN {}", domain(table))
                .into(),
        });
    }
    Ok(())
}

/// The error of a session that cannot wait: it lacks the language, or a privilege.
async fn cannot_wait(error: &Error, first: &mut Connection, url: &Url, table: &str) -> LockError {
    let missing = "SELECT quote_ident(current_user), EXISTS (SELECT FROM pg_language \
                   WHERE lanname = 'plpgsql' AND has_language_privilege(oid, 'USAGE'))";
    let (role, has_language) = match first.row(missing, url).await {
        Ok(row) => (row.get(0).unwrap_or_default().to_owned(), row.get(1) == Some("t")),
        Err(error) => return error,
    };
    let (what, remedy) = if has_language {
        let what = "a role that cannot run the functions of a wait";
        (what, grant(table, &role))
    } else {
        let what = "a role that cannot run a `DO` block in PL/pgSQL";
        let create = "CREATE EXTENSION IF NOT EXISTS plpgsql";
        (what, format!("{create}; GRANT USAGE ON LANGUAGE plpgsql TO {role}"))
    };
    unsupported_or_failed(error, url, what, format!("have an administrator run: {remedy}"))
}

/// The error for what the role may not do, or for what is missing; otherwise the server's own.
fn unsupported_or_failed(
    error: &Error,
    url: &Url,
    what: &'static str,
    remedy: String,
) -> LockError {
    let location = url.redacted();
    match error.code() {
        Some(&SqlState::INSUFFICIENT_PRIVILEGE | &SqlState::UNDEFINED_OBJECT) => {
            LockError::Unsupported { what, location, remedy: remedy.into() }
        }
        _ => server_error("use the domain jam_lock_wait", location, error),
    }
}
