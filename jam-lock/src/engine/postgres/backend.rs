//! [`Backend`]: the server's process for a session, and how another session recognizes it.

use super::random;

/// The first number of the advisory lock that each session has of its own; no lock of a name has
/// two numbers.
const CLASS: i32 = 0x6a61_6d73;

/// The server's process for a session, and the session's own advisory lock.
///
/// A process id is reused, also by a pooler for another client. The lock ends with the session, and
/// unlike the rows of `pg_stat_activity`, every role may see it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Backend {
    pub(super) process: i32,
    pub(super) own_lock: i32,
}

/// The number of the advisory lock of a new session.
pub(super) fn new_own_lock() -> i32 {
    // Positive, because the server shows it as an unsigned number.
    (random::number() >> 33).try_into().unwrap_or_default()
}

/// An expression that takes the advisory lock of a new session, and never waits.
pub(super) fn take_own_lock(own_lock: i32) -> String {
    format!("pg_try_advisory_lock_shared({CLASS}, {own_lock})")
}

/// A query for the sessions that the server has, of those with the `processes`.
pub(super) fn live_backends(processes: &str) -> String {
    format!(
        "SELECT l.pid, l.objid::int4 FROM pg_locks AS l
        WHERE l.locktype = 'advisory' AND l.objsubid = 2 AND l.classid = {CLASS} AND l.granted
            AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())
            AND l.pid = ANY({processes}::int4[])"
    )
}
