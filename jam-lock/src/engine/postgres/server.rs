//! A server that passed the preflight checks, and the sessions that are opened on it.

use std::collections::HashSet;
use std::convert::identity;
use std::sync::Arc;

use tokio::task::yield_now;
use tokio::time::timeout;
use tokio_postgres::SimpleQueryRow;

use super::backend::{self, Backend};
use super::connection::{CONNECT, Connection, drive, query_error};
use super::error::{describe, no_answer, server_error};
use super::pooler;
use super::preflight::{refuse_old_or_read_only, standby};
use super::queries::Queries;
use super::session::Session;
use super::settings::SETTINGS;
use super::table;
use super::timeline::{self, NewestTimeline};
use super::tls::{ConnectionTask, Tls};
use super::url::{CONNECT_TIMEOUT, Url};
use crate::error::LockError;

/// The number that a server and its standbys were given by `initdb`.
pub(super) const SYSTEM_IDENTIFIER: &str = "(SELECT system_identifier FROM pg_control_system())";

/// Ends what a client that died has left, because a pooler may hand its session on.
const CLEAR: &str = "DEALLOCATE ALL; SELECT pg_advisory_unlock_all()";

/// The database with the locks.
#[derive(Clone, Debug)]
pub(super) struct Database {
    /// When the server was started, in seconds since 1970.
    pub(super) started: String,
    pub(super) oid: String,
    /// The server's system identifier, which survives a restart, if the role may read it.
    pub(super) system_identifier: Option<String>,
}

/// A server that passed the preflight checks.
pub(super) struct Server {
    url: Url,
    tls: Tls,
    queries: Arc<Queries>,
    database: Database,
    newest_timeline: NewestTimeline,
    /// Identifies it together with its database and the namespace.
    pub(super) identity: String,
}

impl Server {
    /// Connects to the server at `url`, and checks that locks hold there.
    ///
    /// Nothing is prepared before each connection is known to be a session of its own, because a
    /// pooler may run each transaction on another one.
    pub(super) async fn open(url: Url) -> Result<Self, LockError> {
        let location = url.redacted();
        within_connect_timeout(location, Self::check(url)).await
    }

    async fn check(url: Url) -> Result<Self, LockError> {
        let tls = Tls::from_url(&url)?;
        let mut first = Connection::open(&url, &tls).await?;
        let mut second = Connection::open(&url, &tls).await?;
        pooler::refuse_pgpool(&mut first, &url).await?;
        pooler::refuse_shared_sessions(&mut first, &mut second, &url).await?;
        refuse_old_or_read_only(&mut first, &url).await?;
        let table = table::find_or_create(&mut first, &url).await?;
        let text = "SELECT extract(epoch FROM pg_postmaster_start_time()), \
                        (SELECT oid FROM pg_database WHERE datname = current_database()), \
                        has_function_privilege(to_regprocedure('pg_control_system()'), 'EXECUTE')";
        let row = first.row(text, &url).await?;
        let [started, oid] = [0, 1].map(|column| row.get(column).unwrap_or("?").to_owned());
        // A table that is moved, and so opened again, is another one: the gates have the old one.
        let identity = format!("{started}/{oid}/{table}/{}", url.namespace);
        let identifier = if row.get(2) == Some("t") { SYSTEM_IDENTIFIER } else { "NULL" };
        let row = first.row(&format!("SELECT {identifier}"), &url).await?;
        let system_identifier = row.get(0).map(Into::into);
        let database = Database { started, oid, system_identifier };
        let Connection { client, task } = &mut first;
        let timeline = drive(task, timeline::current(client)).await.ok().flatten();
        let newest_timeline = NewestTimeline::default();
        newest_timeline.check(timeline, &url)?;
        let queries = Arc::new(Queries::new(table));
        Ok(Self { url, tls, queries, database, newest_timeline, identity })
    }

    /// Opens a session, which runs until its connection is lost or it is closed.
    pub(super) async fn connect(&self) -> Result<Arc<Session>, LockError> {
        // On the heap, because the future is large and rarely needed.
        within_connect_timeout(self.url.redacted(), Box::pin(self.open_session())).await
    }

    async fn open_session(&self) -> Result<Arc<Session>, LockError> {
        let Self { url, tls, queries, .. } = self;
        let failed = |operation, error| server_error(operation, url.redacted(), &error);
        let mut connection = Connection::open(url, tls).await?;
        let own_lock = backend::new_own_lock();
        let text = format!(
            "{CLEAR}; SELECT {}, pg_backend_pid(), {}",
            self.identifying_columns(),
            backend::take_own_lock(own_lock)
        );
        let row = connection.row(&text, url).await?;
        self.check_identity(&row)?;
        let process = row.get(2).and_then(|process| process.parse().ok()).unwrap_or_default();
        let Connection { client, mut task } = connection;
        let settings = async {
            let [idle, interval, count, silence, check, rest, limits, limit, isolation, commit] =
                SETTINGS.map(|setting| client.batch_execute(setting));
            // A setting that the server does not have is left out.
            let timeline = timeline::current(&client);
            let (timeline, ..) = tokio::join!(
                timeline, idle, interval, count, silence, check, rest, limits, limit, isolation,
                commit
            );
            timeline
        };
        let timeline = drive(&mut task, settings).await.map_err(|error| failed(CONNECT, error))?;
        self.newest_timeline.check(timeline, url)?;
        let backend = Backend { process, own_lock };
        let session = Session::new(client, backend, tls.clone(), Arc::clone(queries));
        let prepared = drive(&mut task, session.prepare_at_start()).await.and_then(identity);
        prepared.map_err(|error| failed("use the table jam_lock", error))?;
        // Up to here, dropping the caller's future closes the connection.
        let session = Arc::new(session);
        tokio::spawn(run(task, Arc::clone(&session)));
        Ok(session)
    }

    pub(super) fn database(&self) -> &Database {
        &self.database
    }

    /// The sessions with the `processes` that the server has, over a connection for this query alone.
    pub(super) async fn live_backends(
        &self,
        processes: &[i32],
    ) -> Result<HashSet<Backend>, LockError> {
        let Self { url, tls, .. } = self;
        let processes: Vec<_> = processes.iter().map(ToString::to_string).collect();
        let live = backend::live_backends(&format!("'{{{}}}'", processes.join(",")));
        // One transaction, so that waiting processes are no burden to the server.
        let text = format!("SELECT {}; {live}", self.identifying_columns());
        within_connect_timeout(url.redacted(), async {
            let mut connection = Connection::open(url, tls).await?;
            let rows = connection.rows(&text).await.map_err(|error| query_error(url, &error))?;
            let mut rows = rows.iter();
            rows.next().map_or(Ok(()), |server| self.check_identity(server))?;
            let number = |row: &SimpleQueryRow, at| row.get(at)?.parse().ok();
            let live = rows.filter_map(|row| {
                Some(Backend { process: number(row, 0)?, own_lock: number(row, 1)? })
            });
            Ok(live.collect())
        })
        .await
    }

    /// What [`Self::check_identity`] reads.
    fn identifying_columns(&self) -> String {
        let identifier =
            self.database.system_identifier.as_ref().map_or("NULL", |_| SYSTEM_IDENTIFIER);
        format!("pg_is_in_recovery(), {identifier}")
    }

    /// Fails if the URL has led to another server than before.
    fn check_identity(&self, row: &SimpleQueryRow) -> Result<(), LockError> {
        if row.get(0) == Some("t") {
            return Err(standby(&self.url));
        }
        if row.get(1) != self.database.system_identifier.as_deref() {
            let text = "this is a different server from the one where the locks were opened: open \
                        them again";
            return Err(LockError::engine(CONNECT, self.url.redacted(), text));
        }
        Ok(())
    }

    pub(super) fn url(&self) -> &Url {
        &self.url
    }

    /// The table's name with its schema.
    pub(super) fn table(&self) -> &str {
        &self.queries.table
    }
}

/// Drives the connection of `session` until either of them ends.
async fn run(task: ConnectionTask, session: Arc<Session>) {
    tokio::select! {
        result = task => {
            // A query that it ran may have failed with the reason, which is more than this one says.
            yield_now().await;
            let reason = match result {
                Ok(()) => "the connection was closed".to_owned(),
                Err(error) => format!("the connection was lost: {}", describe(&error)),
            };
            session.close(reason);
        }
        () = session.closing.notified() => {}
    }
}

async fn within_connect_timeout<T>(
    location: String,
    work: impl Future<Output = Result<T, LockError>>,
) -> Result<T, LockError> {
    let done = timeout(CONNECT_TIMEOUT, work).await;
    done.unwrap_or_else(|_| {
        let text = format!("the server did not answer within {} s", CONNECT_TIMEOUT.as_secs());
        Err(no_answer(CONNECT, location, text))
    })
}
