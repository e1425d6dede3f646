//! The statement that waits for a lock without a snapshot.
//!
//! A statement that waits usually keeps its snapshot. Then `VACUUM` cannot remove what has died
//! since, and `CREATE INDEX CONCURRENTLY` waits for the statement to end: run by the holder of the
//! lock, it would wait forever.
//!
//! So the wait is a `DO` block. A `COMMIT` in it ends the snapshot, and PL/pgSQL takes the next one
//! only to run an expression. To assign a value to a variable of a domain it runs none, but checks
//! the constraint of the domain, and that check waits for the lock. It may have to read a catalog
//! before, which takes a snapshot as well. So it calls a function in SQL first, because the end of
//! such a function releases every snapshot that is not in use.
//!
//! What to wait for is in the setting `jam_lock.wait`, so that the statement is the same for all
//! locks. The attempt that found the lock unavailable has put it there. The domain replaces it as
//! soon as the lock is granted, and the server takes that back if the wait fails or is cancelled
//! after all. So the query that records the holder is sent together with the wait, and does nothing
//! unless the lock is granted.

use crate::engine::Mode;

/// Whether the last wait of the session was granted the lock.
pub(in crate::engine::postgres) const IS_GRANTED: &str =
    "current_setting('jam_lock.wait') = 'granted'";

/// The domain that belongs to the table.
pub(in crate::engine::postgres) fn domain(table: &str) -> String {
    format!("{table}_wait")
}

/// Waits for what the setting requests.
pub(in crate::engine::postgres) fn wait(table: &str) -> String {
    format!(
        "DO $$ DECLARE request {}; BEGIN
            FOREACH request IN ARRAY ARRAY['none', current_setting('jam_lock.wait')] LOOP
                COMMIT;
            END LOOP;
        END $$",
        domain(table)
    )
}

/// Whether the lock `$1` was free and is taken; otherwise requests the wait for it.
pub(super) fn try_or_request_wait(mode: Mode) -> String {
    let attempt = match mode {
        Mode::Exclusive => "pg_try_advisory_lock",
        Mode::Shared => "pg_try_advisory_lock_shared",
    };
    let request = request(mode, "$1::bigint");
    format!("CASE WHEN {attempt}($1::bigint) THEN true ELSE {request} IS NULL END")
}

/// Requests the wait for `key`.
pub(in crate::engine::postgres) fn request(mode: Mode, key: &str) -> String {
    let mode = match mode {
        Mode::Exclusive => "exclusive",
        Mode::Shared => "shared",
    };
    format!("set_config('jam_lock.wait', '{mode} ' || {key}, false)")
}
