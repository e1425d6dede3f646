//! What is asked of the server, in its language.

/// Questions that a session asks again and again, and so prepares once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Question {
    /// Takes the lock as a writer if it is free, and records that.
    Claim,
    /// Takes the lock as a reader if no writer has it.
    Join,
    /// Waits for the lock as a writer.
    Wait,
    /// Waits for the lock as a reader.
    WaitToJoin,
    /// Records who has just taken the lock, and gives it a token.
    Record,
    /// Reads what a reader has to know.
    Read,
    /// Makes the row that a reader reads, where no writer has.
    Plant,
    /// Makes the token another one for the first readers after a writer, whose fence ends with it.
    Enter,
    /// Records who uses the lock now, or that nobody does; and that the one before has left it
    /// abandoned, or else that nobody has.
    Publish,
    /// Records that the lock is left in order.
    Free,
    /// Records that the lock is left as by somebody who died.
    Abandon,
    /// Records that nobody has used the lock: what was found is for the next holder.
    Return,
    /// Gives back a writer's lock.
    Unlock,
    /// Gives back a reader's lock.
    UnlockShared,
    /// Gives back a writer's lock if it is there.
    UnlockIfHeld,
    /// Gives back a reader's lock if it is there.
    UnlockSharedIfHeld,
    /// Who has the lock.
    Holder,
    /// Whether a writer waits for the lock.
    WaitingWriter,
    /// How all locks of a namespace stand.
    Survey,
    /// How one of them stands.
    Status,
    /// Which sessions are there.
    Beat,
}

impl Question {
    /// What is asked where the order matters, or the time, or what may be called off, which would hit
    /// nothing between two questions.
    pub(super) const PREPARED: [Self; 13] = [
        Self::Claim,
        Self::Join,
        Self::Wait,
        Self::WaitToJoin,
        Self::Record,
        Self::Plant,
        Self::Enter,
        Self::Publish,
        Self::Free,
        Self::Abandon,
        Self::Return,
        Self::Unlock,
        Self::UnlockShared,
    ];

    /// Whether it may be long until there is an answer.
    pub(super) fn is_wait(self) -> bool {
        matches!(self, Self::Wait | Self::WaitToJoin)
    }

    pub(super) const ALL: [Self; 21] = [
        Self::Claim,
        Self::Join,
        Self::Wait,
        Self::WaitToJoin,
        Self::Record,
        Self::Read,
        Self::Plant,
        Self::Enter,
        Self::Publish,
        Self::Free,
        Self::Abandon,
        Self::Return,
        Self::Unlock,
        Self::UnlockShared,
        Self::UnlockIfHeld,
        Self::UnlockSharedIfHeld,
        Self::Holder,
        Self::WaitingWriter,
        Self::Survey,
        Self::Status,
        Self::Beat,
    ];
}

/// How far tokens rise from one claim to the next: the process that has the claim gives them out
/// from hand to hand, without asking the server.
pub(super) const SPARE: u64 = 1 << 20;

/// The table, where there is none: `CREATE TABLE` is what an administrator may be asked to run.
pub(super) const TABLE: &str = "\
CREATE TABLE IF NOT EXISTS jam_lock (
    key bigint PRIMARY KEY,
    namespace text NOT NULL,
    name text NOT NULL,
    token bigint NOT NULL,
    holder jsonb,
    died jsonb
)";

/// The questions, about a table that is known with its schema.
pub(super) struct Texts {
    pub(super) table: String,
    texts: Vec<String>,
}

impl Texts {
    pub(super) fn about(table: String) -> Self {
        let texts = Question::ALL.iter().map(|question| text(*question, &table)).collect();
        Self { table, texts }
    }

    pub(super) fn of(&self, question: Question) -> &str {
        &self.texts[question as usize]
    }
}

/// A writer's token where the table has none: the nanoseconds since 1970, so that tokens rise even
/// where the table was lost. Those of writers are even in the table, the next readers' is odd.
const CLOCK: &str = "((extract(epoch FROM clock_timestamp()) * 1000000000)::bigint & -2)";

/// The holder that is recorded: the parameters from `first` on, of which that one is nothing where
/// none is to be.
fn holder(first: usize) -> String {
    let [file, line, function, program, process, host] = [0, 1, 2, 3, 4, 5].map(|at| first + at);
    format!(
        "CASE WHEN ${file}::text IS NOT NULL THEN jsonb_strip_nulls(jsonb_build_object(
            'file', ${file}::text, 'line', ${line}::bigint, 'function', ${function}::text,
            'program', ${program}::text, 'process', ${process}::bigint, 'host', ${host}::text,
            'since', clock_timestamp(), 'backend', pg_backend_pid()))
        END"
    )
}

/// What [`holder`](super::holder::read) reads.
fn fields(of: &str) -> String {
    format!(
        "{of}->>'function', {of}->>'file', ({of}->>'line')::bigint, {of}->>'program', \
         ({of}->>'process')::bigint, {of}->>'host', \
         extract(epoch FROM ({of}->>'since')::timestamptz)::float8, \
         extract(epoch FROM clock_timestamp() - ({of}->>'since')::timestamptz)::float8"
    )
}

/// Whether a row of `pg_locks` is about the key `$1` in this database.
const IS_IT: &str = "\
l.locktype = 'advisory' AND l.objsubid = 1
    AND l.classid::bigint = ($1::bigint >> 32) & 4294967295
    AND l.objid::bigint = $1::bigint & 4294967295
    AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())";

fn text(question: Question, table: &str) -> String {
    // Two names may have one key, however unlikely that is: then nothing is changed.
    let is_ours = "lock.namespace = $2::text AND lock.name = $3::text";
    let token_reserve = 2 * SPARE;
    let died = fields("lock.died");
    let record = format!(
        "ON CONFLICT (key) DO UPDATE SET
            token = CASE WHEN {is_ours} THEN greatest((lock.token & -2) + {token_reserve}, EXCLUDED.token)
                ELSE lock.token END,
            died = CASE WHEN {is_ours} THEN coalesce(lock.died, lock.holder) ELSE lock.died END,
            holder = CASE WHEN {is_ours} THEN EXCLUDED.holder ELSE lock.holder END
        RETURNING lock.token, {is_ours}, {died}"
    );
    let recorded = holder(4);
    let insert = format!("INSERT INTO {table} AS lock (key, namespace, name, token, holder)");
    // What is recorded in passing is worth no wait for the disk.
    let quickly = "WITH quickly AS MATERIALIZED \
                   (SELECT set_config('synchronous_commit', 'off', true))";
    match question {
        Question::Claim => format!(
            "WITH attempt AS MATERIALIZED (SELECT pg_try_advisory_lock($1::bigint) AS is_mine)
            {insert} SELECT $1, $2, $3, {CLOCK}, {recorded} FROM attempt WHERE is_mine {record}"
        ),
        Question::Record => {
            format!("{insert} VALUES ($1::bigint, $2, $3, {CLOCK}, {recorded}) {record}")
        }
        Question::Join => "SELECT pg_try_advisory_lock_shared($1::bigint)".to_owned(),
        Question::Wait => "SELECT pg_advisory_lock($1::bigint)".to_owned(),
        Question::WaitToJoin => "SELECT pg_advisory_lock_shared($1::bigint)".to_owned(),
        Question::Read => {
            let died = fields("coalesce(lock.died, lock.holder)");
            format!(
                "SELECT lock.token, {is_ours}, {died} FROM {table} AS lock
                WHERE lock.key = $1::bigint"
            )
        }
        Question::Plant => format!(
            "INSERT INTO {table} (key, namespace, name, token)
            VALUES ($1::bigint, $2, $3, {CLOCK} | 1) ON CONFLICT (key) DO NOTHING"
        ),
        // It waits for fenced transactions that are open, once: readers wait for none of readers.
        Question::Enter => format!(
            "{quickly} UPDATE {table} AS lock SET token = lock.token | 1 FROM quickly
            WHERE lock.key = $1::bigint AND {is_ours} AND lock.token & 1 = 0"
        ),
        Question::Publish => format!(
            "{quickly} UPDATE {table} AS lock SET holder = {},
                died = CASE WHEN $9::boolean THEN coalesce(lock.died, lock.holder) END FROM quickly
            WHERE lock.key = $1::bigint AND lock.token = $2::bigint",
            holder(3)
        ),
        Question::Free => format!(
            "{quickly} UPDATE {table} AS lock SET holder = NULL, died = NULL FROM quickly
            WHERE lock.key = $1::bigint AND lock.token = $2::bigint"
        ),
        Question::Abandon => format!(
            "UPDATE {table} AS lock SET died = coalesce(died, holder), holder = NULL
            WHERE lock.key = $1::bigint AND lock.token = $2::bigint"
        ),
        Question::Return => format!(
            "{quickly} UPDATE {table} AS lock SET holder = NULL FROM quickly
            WHERE lock.key = $1::bigint AND lock.token = $2::bigint"
        ),
        Question::Unlock => "SELECT pg_advisory_unlock($1::bigint)".to_owned(),
        Question::UnlockShared => "SELECT pg_advisory_unlock_shared($1::bigint)".to_owned(),
        // The server warns in its log of an unlock of what is not held.
        Question::UnlockIfHeld => format!(
            "SELECT pg_advisory_unlock($1::bigint) FROM pg_locks AS l
            WHERE l.pid = pg_backend_pid() AND l.mode = 'ExclusiveLock' AND l.granted AND {IS_IT}"
        ),
        Question::UnlockSharedIfHeld => format!(
            "SELECT pg_advisory_unlock_shared($1::bigint) FROM pg_locks AS l
            WHERE l.pid = pg_backend_pid() AND l.mode = 'ShareLock' AND l.granted AND {IS_IT}"
        ),
        Question::Holder => {
            let holder = fields("lock.holder");
            format!(
                "SELECT {holder}, a.application_name, host(a.client_addr)
                FROM pg_locks AS l
                LEFT JOIN pg_stat_activity AS a ON a.pid = l.pid
                LEFT JOIN {table} AS lock ON lock.key = $1::bigint
                    AND lock.namespace = $2::text AND lock.name = $3::text
                    AND (lock.holder->>'backend')::bigint = l.pid
                WHERE l.granted AND {IS_IT}
                LIMIT 1"
            )
        }
        Question::WaitingWriter => format!(
            "SELECT FROM pg_locks AS l
            WHERE NOT l.granted AND l.mode = 'ExclusiveLock' AND {IS_IT} LIMIT 1"
        ),
        Question::Survey => survey(table, ""),
        Question::Status => survey(table, "AND lock.key = $2::bigint AND lock.name = $3::text"),
        Question::Beat => {
            "SELECT pid, extract(epoch FROM backend_start)::text FROM pg_stat_activity \
                           WHERE pid = ANY($1::int4[])"
                .to_owned()
        }
    }
}

/// Of each lock of the namespace `$1`, or those of them which `which` selects: its name and token,
/// who writes, reads and waits, the fields of its holder, and of a holder that died with it. The
/// recorded process is the holder if its session has the lock, and has died if it has not.
fn survey(table: &str, which: &str) -> String {
    let (holder, died) = (fields("seen.holder"), fields("seen.died"));
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
            SELECT lock.name, lock.token, lock.holder, lock.died, held.*, lock.holder IS NOT NULL
                AND coalesce((lock.holder->>'backend')::int = ANY(held.backends), false) AS is_there
            FROM {table} AS lock LEFT JOIN held USING (key)
            WHERE lock.namespace = $1::text {which}
        ), seen AS (
            SELECT name, token, writers, readers, waiting, backends,
                CASE WHEN is_there THEN holder END AS holder,
                CASE WHEN NOT is_there THEN coalesce(died, holder) END AS died
            FROM known
        )
        SELECT {holder}, a.application_name, host(a.client_addr), {died},
            seen.name, seen.token, coalesce(seen.writers, 0), coalesce(seen.readers, 0),
            coalesce(seen.waiting, 0)
        FROM seen LEFT JOIN pg_stat_activity AS a ON a.pid = seen.backends[1]"
    )
}
