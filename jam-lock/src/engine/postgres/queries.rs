//! The queries that a session runs repeatedly, and so prepares once.

mod sql;
pub(super) mod wait;

use super::backend::live_backends;

use self::sql::{
    IS_IT, IS_OURS, QUICKLY, await_changes, insert, is_listed, list, on_conflict, read_run,
    record_run, recorded_holder, release, sweep,
};
use self::wait::{IS_GRANTED, try_or_request_wait};
use crate::engine::Mode;

pub(super) use self::sql::{CLOCK, TOKEN_RESERVE, holder_fields};

/// How many rows one [`Query::Sweep`] may remove: it locks all of them at once, and the server's
/// lock table is shared.
pub(super) const SWEEP_LIMIT: usize = 100;

/// A query; [`QUERIES`] has its text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Query {
    /// Takes the writer's lock if it is free, and records the holder; otherwise requests the wait.
    TryLock,
    /// Takes a reader's lock if no writer has the lock; otherwise requests the wait.
    TryLockShared,
    /// Waits for the lock that the last attempt of the session has requested.
    Wait,
    /// Records the holder of a writer's lock, and gives it a token, if the last wait was granted it.
    RecordHolder,
    /// Reads the token and the abandonment.
    ReadRecord,
    /// Inserts the row for a reader if there has been no writer.
    InsertRow,
    /// Replaces the token for the first reader after a writer, which ends the writer's fence.
    ReplaceToken,
    /// Records the next holder in this process, or none; and whether the lock is abandoned.
    UpdateHolder,
    /// Reads the last run of a job.
    ReadRun,
    /// Records the last run of a job, which has ended well.
    RecordRun,
    /// Releases the writer's lock, cleanly.
    ReleaseClean,
    /// Releases the writer's lock, abandoned.
    ReleaseAbandoned,
    /// Releases the writer's lock, unused, which keeps an abandonment for the next holder.
    ReleaseUnused,
    /// Releases a reader's lock.
    ReleaseShared,
    /// Releases the writer's lock if the session has it.
    UnlockIfHeld,
    /// Releases a reader's lock if the session has it.
    UnlockSharedIfHeld,
    /// The holder of the lock.
    FindHolder,
    /// A row if a writer waits for the lock.
    FindWaitingWriter,
    /// The status of the locks of a namespace, without keyed names that are not in use.
    List,
    /// The status of one lock.
    Status,
    /// Waits until nothing that was underway changes the given names.
    AwaitChanges,
    /// Removes some rows of keyed names that are not in use.
    Sweep,
    /// Which of the given sessions the server still has.
    LiveBackends,
}

/// When a session prepares a query.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Prepare {
    /// As the session starts, if the order or the latency of the query matters, or if it may be
    /// cancelled: a cancel request between the preparation and the query would have no effect.
    AtStart,
    OnFirstUse,
}
use Prepare::{AtStart, OnFirstUse};

/// A query, when it is prepared, and its text for a table.
type Definition = (Query, Prepare, fn(&str) -> String);

const QUERIES: [Definition; 23] = [
    (Query::TryLock, AtStart, |table| {
        format!(
            "WITH attempt AS MATERIALIZED (SELECT {} AS is_mine)
            {} SELECT $1, $2, $3, $4::boolean, {CLOCK}, {} FROM attempt WHERE is_mine {}",
            try_or_request_wait(Mode::Exclusive),
            insert(table),
            recorded_holder(5),
            on_conflict(),
        )
    }),
    (Query::TryLockShared, AtStart, |_| format!("SELECT {}", try_or_request_wait(Mode::Shared))),
    (Query::Wait, AtStart, wait::wait),
    (Query::RecordHolder, AtStart, |table| {
        format!(
            "{} SELECT $1::bigint, $2, $3, $4::boolean, {CLOCK}, {} WHERE {IS_GRANTED} {}",
            insert(table),
            recorded_holder(5),
            on_conflict(),
        )
    }),
    (Query::ReadRecord, OnFirstUse, |table| {
        format!(
            "SELECT lock.token, {IS_OURS}, {} FROM {table} AS lock
                WHERE lock.key = $1::bigint",
            holder_fields("coalesce(lock.died, lock.holder)"),
        )
    }),
    (Query::InsertRow, AtStart, |table| {
        format!(
            "INSERT INTO {table} (key, namespace, name, keyed, token)
            VALUES ($1::bigint, $2, $3, $4::boolean, {CLOCK} | 1) ON CONFLICT (key) DO NOTHING"
        )
    }),
    // It waits for open fenced transactions once: readers do not wait for those of readers.
    (Query::ReplaceToken, AtStart, |table| {
        format!(
            "{QUICKLY} UPDATE {table} AS lock SET token = lock.token | 1 FROM quickly
            WHERE lock.key = $1::bigint AND {IS_OURS} AND lock.token & 1 = 0"
        )
    }),
    (Query::UpdateHolder, AtStart, |table| {
        format!(
            "{QUICKLY} UPDATE {table} AS lock SET holder = {},
                died = CASE WHEN $10::boolean THEN coalesce(lock.died, lock.holder) END FROM quickly
            WHERE lock.key = $1::bigint AND lock.token = $2::bigint",
            recorded_holder(3),
        )
    }),
    (Query::ReadRun, OnFirstUse, read_run),
    (Query::RecordRun, AtStart, record_run),
    (Query::ReleaseClean, AtStart, |table| release(table, "holder = NULL, died = NULL")),
    (Query::ReleaseAbandoned, AtStart, |table| {
        release(table, "died = coalesce(died, holder), holder = NULL")
    }),
    (Query::ReleaseUnused, AtStart, |table| release(table, "holder = NULL")),
    (Query::ReleaseShared, AtStart, |_| "SELECT pg_advisory_unlock_shared($1::bigint)".to_owned()),
    // The server logs a warning when a lock that is not held is released.
    (Query::UnlockIfHeld, OnFirstUse, |_| {
        format!(
            "SELECT pg_advisory_unlock($1::bigint) FROM pg_locks AS l
            WHERE l.pid = pg_backend_pid() AND l.mode = 'ExclusiveLock' AND l.granted AND {IS_IT}"
        )
    }),
    (Query::UnlockSharedIfHeld, OnFirstUse, |_| {
        format!(
            "SELECT pg_advisory_unlock_shared($1::bigint) FROM pg_locks AS l
            WHERE l.pid = pg_backend_pid() AND l.mode = 'ShareLock' AND l.granted AND {IS_IT}"
        )
    }),
    (Query::FindHolder, OnFirstUse, |table| {
        format!(
            "SELECT {}, a.application_name, host(a.client_addr), l.pid,
                    lock.key IS NULL AND a.xact_start IS NOT NULL,
                    coalesce(a.wait_event = 'SyncRep', false)
                FROM pg_locks AS l
                LEFT JOIN pg_stat_activity AS a ON a.pid = l.pid
                LEFT JOIN {table} AS lock ON lock.key = $1::bigint
                    AND lock.namespace = $2::text AND lock.name = $3::text
                    AND (lock.holder->>'backend')::bigint = l.pid
                WHERE l.granted AND {IS_IT}
                LIMIT 1",
            holder_fields("lock.holder"),
        )
    }),
    (Query::FindWaitingWriter, OnFirstUse, |_| {
        format!(
            "SELECT FROM pg_locks AS l
            WHERE NOT l.granted AND l.mode = 'ExclusiveLock' AND {IS_IT} LIMIT 1"
        )
    }),
    (Query::List, OnFirstUse, |table| list(table, &is_listed())),
    (Query::Status, OnFirstUse, |table| {
        list(table, "AND lock.key = $2::bigint AND lock.name = $3::text")
    }),
    (Query::AwaitChanges, OnFirstUse, await_changes),
    (Query::Sweep, OnFirstUse, |table| sweep(table, SWEEP_LIMIT)),
    (Query::LiveBackends, OnFirstUse, |_| live_backends("$1")),
];

// A query is the index of its entry.
const _: () = {
    let mut at = 0;
    while at < QUERIES.len() {
        assert!(QUERIES[at].0 as usize == at);
        at += 1;
    }
};

impl Query {
    /// Its text for a table, for a session that does not prepare it.
    pub(super) fn text_for(self, table: &str) -> String {
        QUERIES[self as usize].2(table)
    }

    pub(super) const COUNT: usize = QUERIES.len();

    /// Those that a session prepares as it starts.
    pub(super) fn prepared_at_start() -> impl Iterator<Item = Self> {
        QUERIES.iter().filter(|(_, prepare, _)| *prepare == AtStart).map(|(query, ..)| *query)
    }

    /// Whether the response may take as long as another holder keeps the lock.
    pub(super) fn waits_for_lock(self) -> bool {
        matches!(self, Self::Wait)
    }
}

/// The texts of the queries for one table.
pub(super) struct Queries {
    /// The table's name with its schema.
    pub(super) table: String,
    texts: [String; Query::COUNT],
}

impl Queries {
    pub(super) fn new(table: String) -> Self {
        Self { texts: QUERIES.map(|(_, _, text)| text(&table)), table }
    }

    pub(super) fn text(&self, query: Query) -> &str {
        &self.texts[query as usize]
    }
}
