//! Advisory locks of a PostgreSQL server, whose URL is in the environment.

use std::env;
use std::path::Path;

use jam_lock::{Lock, LockName, Locks};
use sqlx::Connection;
use sqlx::postgres::{PgAdvisoryLock, PgAdvisoryLockKey, PgConnection};
use tokio::runtime::{Builder, Runtime};
use tokio_postgres::{Client, NoTls, Statement};

use super::{Outcome, Section, TIMEOUT};

/// Has the URL of the server, for this program and for those that it starts.
pub(crate) const VARIABLE: &str = "JAM_LOCK_BENCHES_SERVER";

/// Acquires the lock if it is free, and gives it a token, with the query of jam-lock.
const CLAIM: &str = "\
WITH attempt AS MATERIALIZED (SELECT pg_try_advisory_lock($1::bigint) AS is_mine)
INSERT INTO bare AS lock (key, name, token, holder)
SELECT $1, 'bare', 1, jsonb_build_object('file', $2::text, 'since', clock_timestamp())
FROM attempt WHERE is_mine
ON CONFLICT (key) DO UPDATE SET token = lock.token + 1,
    died = coalesce(lock.died, lock.holder), holder = EXCLUDED.holder
RETURNING lock.token, lock.died->>'file', lock.died->>'since'";

/// Gives the lock a token after a wait.
const RECORD: &str = "\
INSERT INTO bare AS lock (key, name, token, holder)
VALUES ($1, 'bare', 1, jsonb_build_object('file', $2::text, 'since', clock_timestamp()))
ON CONFLICT (key) DO UPDATE SET token = lock.token + 1,
    died = coalesce(lock.died, lock.holder), holder = EXCLUDED.holder
RETURNING lock.token, lock.died->>'file', lock.died->>'since'";

/// Records a clean release.
const FREE: &str = "\
WITH quickly AS MATERIALIZED (SELECT set_config('synchronous_commit', 'off', true))
UPDATE bare AS lock SET holder = NULL, died = NULL FROM quickly
WHERE lock.key = $1::bigint AND lock.token = $2::bigint";

pub(crate) const TABLE: &str = "\
CREATE TABLE IF NOT EXISTS bare
(key bigint PRIMARY KEY, name text, token bigint, holder jsonb, died jsonb)";

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

/// A session with the queries of jam-lock.
struct Recorded {
    runtime: Runtime,
    client: Client,
    claim: Statement,
    lock: Statement,
    record: Statement,
    free: Statement,
    unlock: Statement,
}

pub(super) fn recorded(_: &Path) -> Outcome<Box<dyn Section>> {
    let runtime = runtime()?;
    let recorded = runtime.block_on(async {
        let client = connect().await?;
        let [claim, lock, record, free, unlock] = [
            client.prepare(CLAIM).await?,
            client.prepare("SELECT pg_advisory_lock($1::bigint)").await?,
            client.prepare(RECORD).await?,
            client.prepare(FREE).await?,
            client.prepare("SELECT pg_advisory_unlock($1::bigint)").await?,
        ];
        Outcome::Ok((client, claim, lock, record, free, unlock))
    })?;
    let (client, claim, lock, record, free, unlock) = recorded;
    Ok(Box::new(Recorded { runtime, client, claim, lock, record, free, unlock }))
}

impl Section for Recorded {
    fn run(&mut self, inside: &mut dyn FnMut()) -> Outcome {
        let Self { runtime, client, claim, lock, record, free, unlock } = self;
        let (key, holder) = (2_i64, "benches.rs");
        let token: i64 = runtime.block_on(async {
            if let Some(row) = client.query_opt(&*claim, &[&key, &holder]).await? {
                return row.try_get(0);
            }
            client.query_one(&*lock, &[&key]).await?;
            client.query_one(&*record, &[&key, &holder]).await?.try_get(0)
        })?;
        inside();
        runtime.block_on(async {
            let free = async { client.execute(&*free, &[&key, &token]).await };
            let unlock = async { client.query_one(&*unlock, &[&key]).await };
            tokio::try_join!(free, unlock)
        })?;
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
