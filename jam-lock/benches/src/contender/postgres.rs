//! Advisory locks of a PostgreSQL server, whose URL is in the environment.

use std::env;
use std::path::Path;
use std::process;

use jam_lock::{Lock, LockName, Locks};
use sqlx::Connection;
use sqlx::postgres::{PgAdvisoryLock, PgAdvisoryLockKey, PgConnection};
use tokio::runtime::{Builder, Runtime};
use tokio_postgres::types::ToSql;
use tokio_postgres::{Client, NoTls, Statement};

use super::{Outcome, Section, TIMEOUT};

/// Has the URL of the server, for this program and for those that it starts.
pub(crate) const VARIABLE: &str = "JAM_LOCK_BENCHES_SERVER";

/// Takes the lock if it is free, and gives it a token; otherwise requests the wait.
const CLAIM: &str = "\
WITH attempt AS MATERIALIZED (SELECT CASE WHEN pg_try_advisory_lock($1::bigint) THEN true
    ELSE set_config('jam_lock.wait', 'exclusive ' || $1::bigint, false) IS NULL END AS is_mine)
INSERT INTO jam_lock AS lock (key, namespace, name, keyed, token, holder)
SELECT $1, 'bare', $2, false, ((extract(epoch FROM clock_timestamp()) * 1000000000)::bigint & -2),
    jsonb_strip_nulls(jsonb_build_object('file', $3::text, 'line', $4::bigint,
        'function', $5::text, 'program', $6::text, 'process', $7::bigint, 'host', $8::text,
        'since', clock_timestamp(), 'backend', pg_backend_pid()))
FROM attempt WHERE is_mine
ON CONFLICT (key) DO UPDATE SET
    token = greatest((lock.token & -2) + 2097152, EXCLUDED.token),
    died = coalesce(lock.died, lock.holder), holder = EXCLUDED.holder
RETURNING lock.token, lock.died IS NOT NULL";

/// Waits for the lock without a snapshot.
const WAIT: &str = "\
DO $$ DECLARE request jam_lock_wait; BEGIN
    FOREACH request IN ARRAY ARRAY['none', current_setting('jam_lock.wait')] LOOP
        COMMIT;
    END LOOP;
END $$";

/// Gives the lock a token after a wait.
const RECORD: &str = "\
INSERT INTO jam_lock AS lock (key, namespace, name, keyed, token, holder)
SELECT $1::bigint, 'bare', $2, false,
    ((extract(epoch FROM clock_timestamp()) * 1000000000)::bigint & -2),
    jsonb_strip_nulls(jsonb_build_object('file', $3::text, 'line', $4::bigint,
        'function', $5::text, 'program', $6::text, 'process', $7::bigint, 'host', $8::text,
        'since', clock_timestamp(), 'backend', pg_backend_pid()))
WHERE current_setting('jam_lock.wait') = 'granted'
ON CONFLICT (key) DO UPDATE SET
    token = greatest((lock.token & -2) + 2097152, EXCLUDED.token),
    died = coalesce(lock.died, lock.holder), holder = EXCLUDED.holder
RETURNING lock.token, lock.died IS NOT NULL";

/// Records a clean release, and releases.
const RELEASE: &str = "\
UPDATE jam_lock AS lock SET holder = NULL, died = NULL
WHERE lock.key = $1::bigint AND lock.token = $2::bigint
RETURNING pg_advisory_unlock($1::bigint), set_config('synchronous_commit', 'off', true)";

pub(crate) fn url() -> Outcome<String> {
    Ok(env::var(VARIABLE)?)
}

fn runtime() -> Outcome<Runtime> {
    Ok(Builder::new_current_thread().enable_all().build()?)
}

/// A session that only locks and unlocks.
struct Bare {
    runtime: Runtime,
    client: Client,
    lock: Statement,
    unlock: Statement,
}

pub(super) fn bare(_: &Path) -> Outcome<Box<dyn Section>> {
    let runtime = runtime()?;
    let (client, lock, unlock) = runtime.block_on(async {
        let client = connect().await?;
        let lock = client.prepare("SELECT pg_advisory_lock(1)").await?;
        let unlock = client.prepare("SELECT pg_advisory_unlock(1)").await?;
        Outcome::Ok((client, lock, unlock))
    })?;
    Ok(Box::new(Bare { runtime, client, lock, unlock }))
}

async fn connect() -> Outcome<Client> {
    let (client, connection) = tokio_postgres::connect(&url()?, NoTls).await?;
    tokio::spawn(connection);
    Ok(client)
}

impl Section for Bare {
    fn run(&mut self, inside: &mut dyn FnMut()) -> Outcome {
        let Self { runtime, client, lock, unlock } = self;
        runtime.block_on(client.query_one(&*lock, &[]))?;
        inside();
        runtime.block_on(client.query_one(&*unlock, &[]))?;
        Ok(())
    }
}

/// A session with the queries of jam-lock, which are sent together where jam-lock sends them together,
/// and whose answers are all waited for.
struct Recorded {
    runtime: Runtime,
    client: Client,
    claim: Statement,
    wait: Statement,
    record: Statement,
    release: Statement,
}

pub(super) fn recorded(_: &Path) -> Outcome<Box<dyn Section>> {
    // Creates the table.
    drop(Locks::connect(&url()?)?);
    let runtime = runtime()?;
    let recorded = runtime.block_on(async {
        let client = connect().await?;
        let [claim, wait, record, release] = [
            client.prepare(CLAIM).await?,
            client.prepare(WAIT).await?,
            client.prepare(RECORD).await?,
            client.prepare(RELEASE).await?,
        ];
        Outcome::Ok((client, claim, wait, record, release))
    })?;
    let (client, claim, wait, record, release) = recorded;
    Ok(Box::new(Recorded { runtime, client, claim, wait, record, release }))
}

impl Section for Recorded {
    fn run(&mut self, inside: &mut dyn FnMut()) -> Outcome {
        let Self { runtime, client, claim, wait, record, release } = self;
        let (key, line, process) = (2_i64, i64::from(line!()), i64::from(process::id()));
        let holder: [&(dyn ToSql + Sync); 8] =
            [&key, &"measured", &file!(), &line, &"run", &"benches", &process, &"host"];
        let token: i64 = runtime.block_on(async {
            if let Some(row) = client.query_opt(&*claim, &holder).await? {
                return row.try_get(0);
            }
            let wait = async { client.execute(&*wait, &[]).await };
            let record = async { client.query_one(&*record, &holder).await };
            tokio::try_join!(wait, record)?.1.try_get(0)
        })?;
        inside();
        runtime.block_on(client.query_one(&*release, &[&key, &token]))?;
        Ok(())
    }
}

/// The advisory lock of sqlx.
struct Sqlx {
    runtime: Runtime,
    connection: PgConnection,
    lock: PgAdvisoryLock,
}

pub(super) fn sqlx(_: &Path) -> Outcome<Box<dyn Section>> {
    let runtime = runtime()?;
    let connection = runtime.block_on(PgConnection::connect(&url()?))?;
    let lock = PgAdvisoryLock::with_key(PgAdvisoryLockKey::BigInt(3));
    Ok(Box::new(Sqlx { runtime, connection, lock }))
}

impl Section for Sqlx {
    fn run(&mut self, inside: &mut dyn FnMut()) -> Outcome {
        let Self { runtime, connection, lock } = self;
        let guard = runtime.block_on(lock.acquire(connection))?;
        inside();
        runtime.block_on(guard.release_now())?;
        Ok(())
    }
}

struct JamLock {
    lock: Lock,
    /// Whether a release waits for the server, which the end of a section does not.
    answered: bool,
}

/// With the lock `name`, because an answered release and another one are measured in one run.
fn open(name: &str, answered: bool) -> Outcome<Box<dyn Section>> {
    let lock = Locks::connect(&url()?)?.lock(LockName::new(name)?);
    Ok(Box::new(JamLock { lock: lock.timeout(TIMEOUT), answered }))
}

pub(super) fn jam_lock(_: &Path) -> Outcome<Box<dyn Section>> {
    open("measured", false)
}

pub(super) fn jam_lock_answered(_: &Path) -> Outcome<Box<dyn Section>> {
    open("answered", true)
}

impl Section for JamLock {
    fn run(&mut self, inside: &mut dyn FnMut()) -> Outcome {
        let guard = self.lock.acquire()?;
        inside();
        if self.answered {
            guard.release()?;
        }
        Ok(())
    }
}
