//! Refuses a server that is too old, or read-only.

use super::connection::Connection;
use super::url::Url;
use crate::error::LockError;

/// The oldest version that notices the end of a client that is waiting for a lock.
const OLDEST: u32 = 14_00_00;

pub(super) async fn refuse_old_or_read_only(
    first: &mut Connection,
    url: &Url,
) -> Result<(), LockError> {
    let text = "SELECT current_setting('server_version_num'), pg_is_in_recovery(), \
                current_setting('transaction_read_only')";
    let row = first.row(text, url).await?;
    let version = row.get(0).and_then(|version| version.parse().ok()).unwrap_or(0);
    let unsupported = |what, remedy: &'static str| {
        Err(LockError::Unsupported { what, location: url.redacted(), remedy: remedy.into() })
    };
    if version < OLDEST {
        return unsupported("PostgreSQL older than 14", "upgrade the server");
    }
    if row.get(1) == Some("t") {
        return Err(standby(url));
    }
    if row.get(2) == Some("on") {
        return unsupported(
            "a role or database with read-only transactions",
            "set default_transaction_read_only = off for it",
        );
    }
    Ok(())
}

/// The error for a standby, whose locks exclude no client of the primary.
pub(super) fn standby(url: &Url) -> LockError {
    LockError::Unsupported {
        what: "a read-only standby",
        location: url.redacted(),
        remedy: "connect to the primary, for example with target_session_attrs=read-write".into(),
    }
}
