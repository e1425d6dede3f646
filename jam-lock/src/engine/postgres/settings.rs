//! The settings of this library's own sessions.

/// Set as a session begins, which every role may do. A server without one of them keeps locks for
/// longer, and never releases them earlier.
pub(super) const SETTINGS: [&str; 10] = [
    "SET tcp_keepalives_idle = 3",
    "SET tcp_keepalives_interval = 2",
    "SET tcp_keepalives_count = 4",
    "SET tcp_user_timeout = 10000",
    "SET client_connection_check_interval = 1000",
    // A session that is silent for longer than its locks count as held is ended. A pooler or a proxy
    // answers the probes above for a client that is gone.
    "SET idle_session_timeout = 10000",
    // Waits end by our own deadline: after a timeout of the server the holder would be unknown.
    "SET lock_timeout = 0; SET statement_timeout = 0",
    // PostgreSQL 17 and later.
    "SELECT set_config('transaction_timeout', '0', false)
    WHERE current_setting('transaction_timeout', true) IS NOT NULL",
    // A holder must see the record that the previous one committed while this one waited.
    "SET default_transaction_isolation = 'read committed'",
    "SELECT set_config('synchronous_commit', 'on', false)
    WHERE current_setting('synchronous_commit') IN ('off', 'local')",
];
