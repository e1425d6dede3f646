//! Undoes the effects that a failed or cancelled acquisition may have had at the server.

use tokio_postgres::types::ToSql;

use super::outcome::{AcquireError, Acquired};
use crate::engine::Mode;
use crate::engine::postgres::queries::Query;
use crate::engine::postgres::session::{Session, within_response_timeout};
use crate::name::LockName;

/// Releases a lock that was granted and recorded, and is not used; if that fails, the end of the
/// session does.
pub(super) async fn release(key: i64, acquired: &Acquired) {
    let Acquired { session, token, .. } = acquired;
    let parameters: [&(dyn ToSql + Sync); 2] = [&key, token];
    let released = session.run_with_retry(Query::ReleaseUnused, &parameters);
    match within_response_timeout(released).await {
        Some(rows) if rows.is_empty() => unlock_if_held(session, key, Mode::Exclusive).await,
        Some(_) => {}
        None => drop(session.close("the server did not release a lock".to_owned())),
    }
}

/// Releases the lock if it may have been granted in spite of `error`.
pub(super) async fn after_error(
    session: &Session,
    name: &LockName,
    key: i64,
    mode: Mode,
    error: &AcquireError,
) {
    if error.is_deadlock() {
        // Another owner waits for one of the session's other locks.
        session.close_after_deadlock(name);
    } else if matches!(error, AcquireError::Unresponsive) {
        session.close("the server did not answer".to_owned());
    } else if let Some(reason) = error.end_of_session() {
        session.close(format!("the connection was lost: {reason}"));
    } else if !session.is_closed() {
        unlock_if_held(session, key, mode).await;
    }
}

/// Releases the lock if it was granted; if that fails, the end of the session does.
pub(in crate::engine::postgres) async fn unlock_if_held(session: &Session, key: i64, mode: Mode) {
    let query = match mode {
        Mode::Exclusive => Query::UnlockIfHeld,
        Mode::Shared => Query::UnlockSharedIfHeld,
    };
    if within_response_timeout(session.run_with_retry(query, &[&key])).await.is_none() {
        session.close("the server did not release a lock".to_owned());
    }
}
