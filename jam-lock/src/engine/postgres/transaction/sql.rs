//! The statements of an acquisition in a transaction.
//!
//! They have no parameters, so that they can be sent unprepared, several in one message: through a
//! pooler that gives each transaction another session, a prepared statement may be missing.

use super::limit::Limit;
use super::target::Target;
use crate::engine::Mode;
use crate::engine::postgres::queries::{CLOCK, TOKEN_RESERVE, holder_fields};
use crate::engine::postgres::server::Database;

/// The savepoint around the acquisition, so that its failure does not abort the transaction.
const SAVEPOINT: &str = "jam_lock";

/// Ends an acquisition that failed; it also releases a lock that was granted just then.
pub(super) const UNDO: &str = "ROLLBACK TO SAVEPOINT jam_lock; RELEASE SAVEPOINT jam_lock";

/// Aborts the transaction, because there is no such savepoint.
pub(super) const ABORT: &str = "RELEASE SAVEPOINT jam_lock_deadlock";

/// The savepoint that ends a reader's lock of the row.
const RECORD: &str = "jam_lock_record";

/// The keys that the transaction holds, each between two spaces: a setting that ends with it, or with
/// the savepoint after which it was made.
const HELD: &str = "coalesce(current_setting('jam_lock.held', true), '')";

/// `text` as a literal, whatever `standard_conforming_strings` is.
pub(super) fn literal(text: &str) -> String {
    format!("E'{}'", text.replace('\\', "\\\\").replace('\'', "''"))
}

/// The table `jam_lock` in `schema`.
pub(super) fn table_in(schema: &str) -> String {
    format!("\"{}\".jam_lock", schema.replace('"', "\"\""))
}

/// Whether the statement runs in `database`, and its server has not been restarted.
fn is_in(database: &Database) -> String {
    let (started, oid) = (literal(&database.started), literal(&database.oid));
    format!(
        "(extract(epoch FROM pg_postmaster_start_time())::text = {started}
        AND (SELECT oid::text FROM pg_database WHERE datname = current_database()) = {oid})"
    )
}

impl Target {
    /// Acquires the writer's lock, and returns the token and the holder that died.
    pub(super) fn statement(&self) -> String {
        let acquire = self.acquire_exclusive("true");
        format!("{acquire} SELECT token, died::text AS abandoned_by FROM restored WHERE is_ours")
    }

    /// The message of an acquisition in either mode: returns a row with `is_held`, whether the
    /// transaction has the lock already, and `is_expected`, whether it is in the database `expected`;
    /// and a row with `token` if the lock was granted.
    pub(super) fn message(&self, expected: Option<&Database>, is_reentrant: bool) -> String {
        let is_held = format!("position(' {} ' in {HELD}) > 0", self.key);
        let is_expected = expected.map_or_else(|| "true".to_owned(), is_in);
        let condition = if is_reentrant {
            is_expected.clone()
        } else {
            format!("{is_expected} AND NOT {is_held}")
        };
        let condition = &condition;
        let acquire = match self.mode {
            Mode::Exclusive => {
                let acquire = self.acquire_exclusive(condition);
                format!(
                    "{acquire} SELECT token, is_ours, died IS NOT NULL AS is_abandoned FROM restored"
                )
            }
            Mode::Shared => self.acquire_shared(condition),
        };
        format!(
            "SAVEPOINT {SAVEPOINT}; SELECT {is_held} AS is_held, {is_expected} AS is_expected; \
             {acquire}; RELEASE SAVEPOINT {SAVEPOINT}"
        )
    }

    /// The common table expressions that end with `restored`.
    ///
    /// `ON CONFLICT DO UPDATE` sees the row as the last holder has committed it, although the
    /// statement's snapshot is older than the wait.
    fn acquire_exclusive(&self, condition: &str) -> String {
        let Self { key, namespace, name, is_keyed, table, limit, .. } = self;
        let granted = self.granted(condition, "pg_try_advisory_xact_lock", "pg_advisory_xact_lock");
        let (remaining, hold) = (limit.remaining(), self.hold());
        let is_ours = format!("lock.namespace = {namespace} AND lock.name = {name}");
        let reserve = 2 * TOKEN_RESERVE;
        format!(
            "WITH {granted}, remaining AS MATERIALIZED (
                SELECT before, set_config('lock_timeout', {remaining}, true) FROM granted
                WHERE is_granted
            ), recorded AS (
                INSERT INTO {table} AS lock (key, namespace, name, keyed, token)
                SELECT {key}, {namespace}, {name}, {is_keyed}, {CLOCK} FROM remaining
                ON CONFLICT (key) DO UPDATE SET
                    token = CASE WHEN {is_ours} THEN
                        greatest((lock.token & -2) + {reserve}, EXCLUDED.token) ELSE lock.token END,
                    died = CASE WHEN {is_ours} THEN coalesce(lock.died, lock.holder)
                        ELSE lock.died END,
                    holder = CASE WHEN NOT ({is_ours}) THEN lock.holder END,
                    keyed = CASE WHEN {is_ours} THEN EXCLUDED.keyed ELSE lock.keyed END
                RETURNING lock.token, {is_ours} AS is_ours, lock.died
            ), restored AS MATERIALIZED (
                SELECT recorded.*, {hold}, set_config('lock_timeout', before, true)
                FROM recorded, remaining
            )"
        )
    }

    /// Acquires a reader's lock, and waits once for the fenced transactions of a holder that lost it.
    ///
    /// It changes no row, because other readers would wait for the end of the transaction then. The
    /// row's lock ends with the inner savepoint. Without a row, its token is not ahead of the clock, with
    /// which the next writer starts.
    fn acquire_shared(&self, condition: &str) -> String {
        let Self { key, namespace, name, table, limit, .. } = self;
        let granted = self.granted(
            condition,
            "pg_try_advisory_xact_lock_shared",
            "pg_advisory_xact_lock_shared",
        );
        let (remaining, hold) = (limit.remaining(), self.hold());
        format!(
            "WITH {granted} SELECT {hold}, set_config('lock_timeout', before, true)
                FROM granted WHERE is_granted;
            SAVEPOINT {RECORD};
            SELECT set_config('lock_timeout', {remaining}, true);
            WITH record AS MATERIALIZED (
                SELECT token, namespace, name, coalesce(died, holder) AS died FROM {table}
                WHERE key = {key} AND position(' {key} ' in {HELD}) > 0 FOR NO KEY UPDATE
            ) SELECT coalesce((token | 1) + {TOKEN_RESERVE}, {CLOCK} | 1) AS token,
                coalesce(record.namespace = {namespace} AND record.name = {name}, true) AS is_ours,
                record.died IS NOT NULL AS is_abandoned
            FROM (SELECT) AS one LEFT JOIN record ON true WHERE position(' {key} ' in {HELD}) > 0;
            ROLLBACK TO SAVEPOINT {RECORD};
            RELEASE SAVEPOINT {RECORD}"
        )
    }

    /// The common table expression `granted`, which has a row with `is_granted` and the `lock_timeout`
    /// from `before`.
    fn granted(&self, condition: &str, try_lock: &str, lock: &str) -> String {
        let Self { key, limit, .. } = self;
        let before = "current_setting('lock_timeout') AS before";
        if matches!(limit, Limit::Once) {
            return format!(
                "granted AS MATERIALIZED (
                    SELECT {before}, {try_lock}({key}) AS is_granted WHERE {condition}
                )"
            );
        }
        let remaining = limit.remaining();
        format!(
            "limited AS MATERIALIZED (
                SELECT {before}, set_config('lock_timeout', {remaining}, true) WHERE {condition}
            ), granted AS MATERIALIZED (
                SELECT before, {lock}({key}), true AS is_granted FROM limited
            )"
        )
    }

    /// Adds the key to those that the transaction holds.
    fn hold(&self) -> String {
        format!("set_config('jam_lock.held', {HELD} || ' {} ', true)", self.key)
    }

    /// Clears the abandonment when the transaction commits, and returns it.
    pub(super) fn recover(&self) -> String {
        let Self { key, table, .. } = self;
        format!(
            "WITH found AS MATERIALIZED (SELECT died FROM {table} WHERE key = {key})
            UPDATE {table} AS lock SET died = NULL FROM found WHERE lock.key = {key}
            RETURNING {}",
            holder_fields("found.died"),
        )
    }

    /// Reads the abandonment for a reader.
    pub(super) fn read_abandonment(&self) -> String {
        let Self { key, table, .. } = self;
        format!(
            "SELECT {} FROM {table} AS lock WHERE lock.key = {key}",
            holder_fields("coalesce(lock.died, lock.holder)"),
        )
    }
}
