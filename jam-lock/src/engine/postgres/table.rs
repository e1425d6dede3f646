//! The table with the tokens and the holders, which is created if it is missing.

use super::connection::Connection;
use super::error::server_error;
use super::url::Url;
use crate::error::LockError;

const CREATE: &str = "\
CREATE TABLE IF NOT EXISTS jam_lock (
    key bigint PRIMARY KEY,
    namespace text NOT NULL,
    name text NOT NULL,
    token bigint NOT NULL,
    holder jsonb,
    died jsonb
)";

/// What an administrator has to run if the role may not.
pub(super) const GRANTS: &str = "\
have an administrator run: CREATE TABLE IF NOT EXISTS jam_lock (key bigint PRIMARY KEY, \
namespace text NOT NULL, name text NOT NULL, token bigint NOT NULL, holder jsonb, died jsonb); \
GRANT SELECT, INSERT, UPDATE ON jam_lock TO the role";

/// Finds the table: its name with its schema, and whether the role may use it.
pub(super) const FIND: &str = "\
SELECT quote_ident(n.nspname) || '.jam_lock',
    has_table_privilege(c.oid, 'SELECT') AND has_table_privilege(c.oid, 'INSERT')
        AND has_table_privilege(c.oid, 'UPDATE')
FROM (SELECT to_regclass('jam_lock')::oid AS oid) AS t
LEFT JOIN pg_class AS c ON c.oid = t.oid
LEFT JOIN pg_namespace AS n ON n.oid = c.relnamespace";

/// The table's name with its schema; creates the table if it is missing.
pub(super) async fn find_or_create(first: &mut Connection, url: &Url) -> Result<String, LockError> {
    let unsupported =
        |what| LockError::Unsupported { what, location: url.redacted(), remedy: GRANTS };
    let mut row = first.row(FIND, url).await?;
    if row.get(0).is_none() {
        // Another process may be creating it at the same time.
        let created = match first.rows(CREATE).await {
            Err(error) if error.code().is_some() => first.rows(CREATE).await,
            created => created,
        };
        if let Err(error) = created {
            return Err(match error.code() {
                Some(code) if code.code().starts_with("42") || code.code() == "3F000" => {
                    unsupported("a role that cannot create the table `jam_lock`")
                }
                _ => server_error("create the table jam_lock", url.redacted(), &error),
            });
        }
        row = first.row(FIND, url).await?;
    }
    let Some(table) = row.get(0) else {
        return Err(unsupported("a database without the table `jam_lock`"));
    };
    if row.get(1) != Some("t") {
        return Err(unsupported("a role without privileges on the table `jam_lock`"));
    }
    let probe = format!("SELECT key, namespace, name, token, holder, died FROM {table} LIMIT 0");
    let probed = first.rows(&probe).await;
    probed.map_err(|error| server_error("use the table jam_lock", url.redacted(), &error))?;
    Ok(table.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_statement_for_an_administrator_is_the_one_that_was_tried() {
        let words = |text: &str| {
            let words = text.split_whitespace().collect::<Vec<_>>().join(" ");
            words.replace("( ", "(").replace(" )", ")")
        };
        let (grants, create) = (words(GRANTS), words(CREATE));
        assert!(grants.contains(&create), "{grants}\n{create}");
    }
}
