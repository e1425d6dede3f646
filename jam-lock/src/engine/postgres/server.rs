//! How a session begins.

use std::convert::identity;
use std::sync::Arc;

use tokio::time::timeout;
use tokio_postgres::{Client, Error, SimpleQueryMessage, SimpleQueryRow};

use super::preflight::{refuse_a_pooler, refuse_what_is_old_or_only_read, standby, table};
use super::queries::{Question, Texts};
use super::session::{Backend, SETTINGS, Session};
use super::tls::{Running, Tls};
use super::url::{Address, PATIENCE};
use crate::error::LockError;

/// The number that a server and its standbys were given when they were made.
const SYSTEM: &str = "(SELECT system_identifier FROM pg_control_system())";

/// A server that was found fit for locks.
pub(super) struct Server {
    address: Address,
    tls: Tls,
    texts: Arc<Texts>,
    /// Its number, where the role may know it: it stays the same when the server is started anew.
    system: Option<String>,
    /// Tells it, its database and the namespace from all others.
    pub(super) identity: String,
}

/// A connection that nobody is in charge of yet.
pub(super) struct Connection {
    client: Client,
    running: Running,
}

impl Server {
    /// Looks at the server behind `address`.
    ///
    /// Nothing is prepared before it is known that a connection is a session: someone in between
    /// may give each transaction to another one.
    pub(super) async fn examine(address: Address) -> Result<Self, LockError> {
        let location = address.clone();
        in_time(&location, Self::find_fit(address)).await
    }

    async fn find_fit(address: Address) -> Result<Self, LockError> {
        let tls = Tls::of(&address)?;
        let mut first = Connection::open(&address, &tls).await?;
        let mut second = Connection::open(&address, &tls).await?;
        refuse_a_pooler(&mut first, &mut second, &address).await?;
        refuse_what_is_old_or_only_read(&mut first, &address).await?;
        let table = table(&mut first, &address).await?;
        let text = "SELECT extract(epoch FROM pg_postmaster_start_time()), \
                        (SELECT oid FROM pg_database WHERE datname = current_database()), \
                        has_function_privilege(to_regprocedure('pg_control_system()'), 'EXECUTE')";
        let row = first.row(text, &address).await?;
        let identity = format!("{}/{}", row.get(0).unwrap_or("?"), row.get(1).unwrap_or("?"));
        let identity = format!("{identity}/{}", address.namespace);
        let number = if row.get(2) == Some("t") { SYSTEM } else { "NULL" };
        let system = first.row(&format!("SELECT {number}"), &address).await?.get(0).map(Into::into);
        Ok(Self { address, tls, texts: Arc::new(Texts::about(table)), system, identity })
    }

    /// Begins a session, which runs until it ends or is closed.
    pub(super) async fn connect(&self) -> Result<Arc<Session>, LockError> {
        // Large, because much is asked at once, and seldom wanted.
        in_time(&self.address, Box::pin(self.begin())).await
    }

    async fn begin(&self) -> Result<Arc<Session>, LockError> {
        let Self { address, tls, texts, .. } = self;
        let mut connection = Connection::open(address, tls).await?;
        let system = self.system.as_ref().map_or("NULL", |_| SYSTEM);
        let text = format!(
            "SELECT pid, extract(epoch FROM backend_start), pg_is_in_recovery(), {system} \
             FROM pg_stat_activity WHERE pid = pg_backend_pid()"
        );
        let row = connection.row(&text, address).await?;
        // The address may lead somewhere else by now.
        if row.get(2) == Some("t") {
            return Err(standby(address));
        }
        if row.get(3) != self.system.as_deref() {
            let text = "this is another server than when the locks were opened, with other locks: \
                        open them anew";
            return Err(failed("connect", address, text.into()));
        }
        let process = row.get(0).and_then(|process| process.parse().ok()).unwrap_or_default();
        let began = row.get(1).unwrap_or_default().to_owned();
        let Connection { client, mut running } = connection;
        let settings = async {
            let [idle, interval, count, silence, check, limits, limit, isolation, commit] =
                SETTINGS.map(|setting| client.batch_execute(setting));
            // What a server cannot set, it goes without.
            let _ = tokio::join!(
                idle, interval, count, silence, check, limits, limit, isolation, commit
            );
        };
        drive(&mut running, settings).await.map_err(|error| trouble("connect", address, &error))?;
        let backend = Backend { process, began };
        let session = Session::new(client, backend, tls.clone(), Arc::clone(texts));
        let prepared =
            drive(&mut running, session.prepare_all(&Question::PREPARED)).await.and_then(identity);
        prepared.map_err(|error| trouble("use the table jam_lock", address, &error))?;
        // Until here the connection ends with whoever does not wait for it.
        let session = Arc::new(session);
        tokio::spawn(run(running, Arc::clone(&session)));
        Ok(session)
    }

    pub(super) fn address(&self) -> &Address {
        &self.address
    }

    /// The table, with its schema.
    pub(super) fn table(&self) -> &str {
        &self.texts.table
    }
}

/// Keeps the connection of `session` going.
async fn run(running: Running, session: Arc<Session>) {
    tokio::select! {
        result = running => {
            let why = match result {
                Ok(()) => "the connection was closed".to_owned(),
                Err(error) => format!("the connection was cut: {}", sentence(&error)),
            };
            session.close(why);
        }
        () = session.closing.notified() => {}
    }
}

impl Connection {
    async fn open(address: &Address, tls: &Tls) -> Result<Self, LockError> {
        let connected = tls.connect(address).await;
        let (client, running) = connected.map_err(|error| trouble("connect", address, &error))?;
        Ok(Self { client, running })
    }

    /// The one row that answers `text`; nothing is prepared for it.
    pub(super) async fn row(
        &mut self,
        text: &str,
        address: &Address,
    ) -> Result<SimpleQueryRow, LockError> {
        let rows = self.rows(text).await;
        let rows = rows.map_err(|error| trouble("ask the server", address, &error))?;
        let row = rows.into_iter().find_map(|message| match message {
            SimpleQueryMessage::Row(row) => Some(row),
            _ => None,
        });
        row.ok_or_else(|| failed("ask the server", address, "it told nothing".into()))
    }

    pub(super) async fn rows(&mut self, text: &str) -> Result<Vec<SimpleQueryMessage>, Error> {
        drive(&mut self.running, self.client.simple_query(text)).await?
    }
}

/// Does `work` with the server, unless that takes too long.
async fn in_time<T>(
    address: &Address,
    work: impl Future<Output = Result<T, LockError>>,
) -> Result<T, LockError> {
    let done = timeout(PATIENCE, work).await;
    done.unwrap_or_else(|_| {
        let text = format!("the server did not answer within {} s", PATIENCE.as_secs());
        Err(failed("connect", address, text.into()))
    })
}

/// Has a connection run while something is asked of it.
async fn drive<T>(running: &mut Running, work: impl Future<Output = T>) -> Result<T, Error> {
    tokio::select! {
        biased;
        answer = work => Ok(answer),
        Err(error) = running => Err(error),
    }
}

/// What went wrong between here and the server.
pub(super) fn trouble(operation: &str, address: &Address, error: &Error) -> LockError {
    failed(operation, address, sentence(error).into())
}

pub(super) fn failed(
    operation: &str,
    address: &Address,
    error: Box<dyn std::error::Error + Send + Sync>,
) -> LockError {
    LockError::Engine { operation: operation.to_owned(), location: address.shown(), error }
}

/// What the server said, or what lies behind the error: its own text says only of what kind it is.
pub(super) fn sentence(error: &Error) -> String {
    if let Some(said) = error.as_db_error() {
        return format!("{} ({})", said.message(), said.code().code());
    }
    match std::error::Error::source(error) {
        Some(source) => format!("{error}: {source}"),
        None => error.to_string(),
    }
}
