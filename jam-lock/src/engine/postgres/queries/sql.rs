//! Parts that several queries share.

/// How far tokens rise from one acquisition at the server to the next: the process that has the
/// lock assigns those in between to its own holders without a query.
pub(in crate::engine::postgres) const TOKEN_RESERVE: u64 = 1 << 20;

/// A writer's token if the table has none: the nanoseconds since 1970, so that tokens rise even if
/// the table was lost. In the table, a writer's token is even, and that of the next readers is odd.
pub(in crate::engine::postgres) const CLOCK: &str =
    "((extract(epoch FROM clock_timestamp()) * 1000000000)::bigint & -2)";

/// Whether a row has the name that was requested: two names may have one key, however unlikely, and
/// then nothing is changed.
pub(super) const IS_OURS: &str = "lock.namespace = $2::text AND lock.name = $3::text";

/// For a record on which the next holder does not depend, so that it need not wait for the disk.
pub(super) const QUICKLY: &str =
    "WITH quickly AS MATERIALIZED (SELECT set_config('synchronous_commit', 'off', true))";

/// Whether a row is that of a keyed name, and of nothing that a later holder has to learn: neither of a
/// death, nor of a run whose period has not passed. Its lock may be held all the same.
const IS_DISPENSABLE: &str = "\
lock.keyed AND lock.holder IS NULL AND lock.died IS NULL
    AND (lock.last_run IS NULL OR extract(epoch FROM (lock.last_run->>'since')::timestamptz)::float8
        + (lock.last_run->>'every')::float8 <= extract(epoch FROM clock_timestamp())::float8)";

/// Leaves out of a list the keyed names that are not in use, because there may be any number.
pub(super) fn is_listed() -> String {
    format!("AND (held.key IS NOT NULL OR NOT ({IS_DISPENSABLE}))")
}

/// Whether a row of `pg_locks` is about the key `$1` in this database.
pub(super) const IS_IT: &str = "\
l.locktype = 'advisory' AND l.objsubid = 1
    AND l.classid::bigint = ($1::bigint >> 32) & 4294967295
    AND l.objid::bigint = $1::bigint & 4294967295
    AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())";

pub(super) fn insert(table: &str) -> String {
    format!("INSERT INTO {table} AS lock (key, namespace, name, keyed, token, holder)")
}

/// Replaces the holder of an existing row; a holder that is still recorded there has died. It is
/// read by a query of its own, because its fields would slow every acquisition by a quarter.
pub(super) fn on_conflict() -> String {
    let token_reserve = 2 * TOKEN_RESERVE;
    format!(
        "ON CONFLICT (key) DO UPDATE SET
            token = CASE WHEN {IS_OURS} THEN greatest((lock.token & -2) + {token_reserve}, EXCLUDED.token)
                ELSE lock.token END,
            died = CASE WHEN {IS_OURS} THEN coalesce(lock.died, lock.holder) ELSE lock.died END,
            holder = CASE WHEN {IS_OURS} THEN EXCLUDED.holder ELSE lock.holder END,
            keyed = CASE WHEN {IS_OURS} THEN EXCLUDED.keyed ELSE lock.keyed END
        RETURNING lock.token, {IS_OURS}, lock.died IS NOT NULL, lock.last_run IS NOT NULL"
    )
}

/// Records the outcome of the writer with the token `$2`, and then releases its lock; there is no row,
/// and the lock is not released, if the token is no longer in the table.
///
/// The lock is free before the commit, so that the next holder is not delayed by it. But that holder
/// changes the same row, which is locked up to the commit, and so it sees the outcome. The commit does
/// not wait for the disk: what a crash of the server loses looks like an abandonment, which is true of
/// an abandonment, and likely of any holder of that time.
pub(super) fn release(table: &str, outcome: &str) -> String {
    format!(
        "UPDATE {table} AS lock SET {outcome} WHERE lock.key = $1::bigint AND lock.token = $2::bigint
        RETURNING pg_advisory_unlock($1::bigint), set_config('synchronous_commit', 'off', true)"
    )
}

/// Records the run of the writer with the token `$2`, which began `$3` seconds ago and has the period `$4`.
pub(super) fn record_run(table: &str) -> String {
    format!(
        "UPDATE {table} AS lock SET last_run = jsonb_strip_nulls(jsonb_build_object(
            'file', $5::text, 'line', $6::bigint, 'function', $7::text, 'program', $8::text,
            'process', $9::bigint, 'host', $10::text,
            'since', clock_timestamp() - make_interval(secs => $3::float8), 'every', $4::float8))
        WHERE lock.key = $1::bigint AND lock.token = $2::bigint RETURNING 1"
    )
}

/// Reads the last run of a lock that is held, and when it is now. A run that begins later, because the
/// clock was set back, begins now.
pub(super) fn read_run(table: &str) -> String {
    let fields = run_fields("lock.last_run");
    format!(
        "WITH corrected AS (
            UPDATE {table} AS lock
            SET last_run = jsonb_set(lock.last_run, '{{since}}', to_jsonb(clock_timestamp()))
            WHERE lock.key = $1::bigint AND {IS_OURS}
                AND (lock.last_run->>'since')::timestamptz > clock_timestamp()
        )
        SELECT {fields} FROM {table} AS lock WHERE lock.key = $1::bigint AND {IS_OURS}"
    )
}

/// The columns that `last_run::read` reads.
fn run_fields(of: &str) -> String {
    format!(
        "{}, ({of}->>'every')::float8, extract(epoch FROM clock_timestamp())::float8",
        holder_fields(of)
    )
}

/// The holder to record: the parameters from `first` on, the first of which is null for none.
pub(super) fn recorded_holder(first: usize) -> String {
    let [file, line, function, program, process, host, permits] =
        [0, 1, 2, 3, 4, 5, 6].map(|at| first + at);
    format!(
        "CASE WHEN ${file}::text IS NOT NULL THEN jsonb_strip_nulls(jsonb_build_object(
            'file', ${file}::text, 'line', ${line}::bigint, 'function', ${function}::text,
            'program', ${program}::text, 'process', ${process}::bigint, 'host', ${host}::text,
            'permits', ${permits}::bigint, 'since', clock_timestamp(), 'backend', pg_backend_pid()))
        END"
    )
}

/// The columns that `holder::read` reads.
pub(in crate::engine::postgres) fn holder_fields(of: &str) -> String {
    format!(
        "{of}->>'function', {of}->>'file', ({of}->>'line')::bigint, {of}->>'program', \
         ({of}->>'process')::bigint, {of}->>'host', \
         extract(epoch FROM ({of}->>'since')::timestamptz)::float8, \
         extract(epoch FROM clock_timestamp() - ({of}->>'since')::timestamptz)::float8, \
         ({of}->>'permits')::bigint"
    )
}

/// Removes up to `limit` rows of the namespace `$1` with keys above `$2`, if they are dispensable and
/// their locks are free; returns the last key, the number of rows, and how many were removed.
///
/// A row is removed under its lock, and once the clock has passed the tokens of its holders: those
/// of the next row, which start from the clock, are greater. A row that a fenced transaction has
/// locked is left alone.
pub(super) fn sweep(table: &str, limit: usize) -> String {
    let assigned = 2 * TOKEN_RESERVE;
    format!(
        "{QUICKLY}, dispensable AS MATERIALIZED (
            SELECT lock.key FROM {table} AS lock
            WHERE lock.namespace = $1::text AND lock.key > $2::bigint
                AND {IS_DISPENSABLE} AND lock.token + {assigned} < {CLOCK}
            ORDER BY lock.key LIMIT {limit} FOR UPDATE SKIP LOCKED
        ), free AS MATERIALIZED (
            SELECT key FROM dispensable WHERE pg_try_advisory_xact_lock(key)
        ), removed AS (
            DELETE FROM {table} AS lock USING free, quickly WHERE lock.key = free.key RETURNING 1
        )
        SELECT max(key), count(*), (SELECT count(*) FROM removed) FROM dispensable"
    )
}

/// For each lock of the namespace `$1`, or those that `filter` selects: its holder, its session,
/// the holder that died with it, its name and token, the numbers of writers, readers and
/// waiters, and its last run.
///
/// The recorded process is the holder if its session has the lock, and has died otherwise.
pub(super) fn list(table: &str, filter: &str) -> String {
    let (holder, died) = (holder_fields("seen.holder"), holder_fields("seen.died"));
    let run = run_fields("seen.last_run");
    format!(
        "WITH held AS MATERIALIZED (
            SELECT (l.classid::bigint << 32) | l.objid::bigint AS key,
                count(*) FILTER (WHERE l.granted AND l.mode = 'ExclusiveLock') AS writers,
                count(*) FILTER (WHERE l.granted AND l.mode = 'ShareLock') AS readers,
                count(*) FILTER (WHERE NOT l.granted) AS waiting,
                coalesce(array_agg(l.pid) FILTER (WHERE l.granted), '{{}}') AS backends
            FROM pg_locks AS l
            WHERE l.locktype = 'advisory' AND l.objsubid = 1
                AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())
            GROUP BY 1
        ), known AS (
            SELECT lock.name, lock.token, lock.holder, lock.died, lock.last_run, held.*, lock.holder IS NOT NULL
                AND coalesce((lock.holder->>'backend')::int = ANY(held.backends), false) AS is_there
            FROM {table} AS lock LEFT JOIN held USING (key)
            WHERE lock.namespace = $1::text {filter}
        ), seen AS (
            SELECT name, token, last_run, writers, readers, waiting, backends,
                CASE WHEN is_there THEN holder END AS holder,
                CASE WHEN NOT is_there THEN coalesce(died, holder) END AS died
            FROM known
        )
        SELECT {holder}, a.application_name, host(a.client_addr), {died},
            seen.name, seen.token, coalesce(seen.writers, 0), coalesce(seen.readers, 0),
            coalesce(seen.waiting, 0), {run}
        FROM seen LEFT JOIN pg_stat_activity AS a ON a.pid = seen.backends[1]"
    )
}

/// Waits, for half a second at the most, until the transactions that change the names `$2` of the
/// namespace `$1` have ended; then it fails.
pub(super) fn await_changes(table: &str) -> String {
    format!(
        "WITH limited AS MATERIALIZED (SELECT set_config('lock_timeout', '500', true))
        SELECT FROM {table} AS lock, limited
        WHERE lock.namespace = $1::text AND lock.name = ANY($2::text[]) FOR SHARE OF lock"
    )
}
