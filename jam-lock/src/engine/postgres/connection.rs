//! A connection while it is examined, before it becomes a session.

use tokio_postgres::error::SqlState;
use tokio_postgres::{Client, Error, SimpleQueryMessage, SimpleQueryRow};

use super::error::{describe, server_error};
use super::tls::{ConnectionTask, Tls};
use super::url::Url;
use crate::error::LockError;

pub(super) const CONNECT: &str = "connect to the server";
const QUERY: &str = "query the server";

/// A connection that no task drives yet: it makes progress only while something waits for it.
pub(super) struct Connection {
    pub(super) client: Client,
    pub(super) task: ConnectionTask,
}

impl Connection {
    pub(super) async fn open(url: &Url, tls: &Tls) -> Result<Self, LockError> {
        let connected = tls.connect(url).await;
        let (client, task) = connected.map_err(|error| {
            if !url.needs_tls() && may_require_tls(&error) {
                let why = format!("{}: {REQUIRE_TLS}", describe(&error));
                return LockError::engine(CONNECT, url.redacted(), why);
            }
            server_error(CONNECT, url.redacted(), &error)
        })?;
        Ok(Self { client, task })
    }

    /// The last row of the query `text`, for which nothing is prepared.
    pub(super) async fn row(&mut self, text: &str, url: &Url) -> Result<SimpleQueryRow, LockError> {
        let last = self.all(text, url).await?.into_iter().next_back();
        last.ok_or_else(|| LockError::engine(QUERY, url.redacted(), "it returned no row"))
    }

    /// All rows of the query `text`, or of several, for which nothing is prepared.
    pub(super) async fn all(
        &mut self,
        text: &str,
        url: &Url,
    ) -> Result<Vec<SimpleQueryRow>, LockError> {
        self.rows(text).await.map_err(|error| query_error(url, &error))
    }

    /// The rows of the query `text`, or of several, or the server's error.
    pub(super) async fn rows(&mut self, text: &str) -> Result<Vec<SimpleQueryRow>, Error> {
        let messages = drive(&mut self.task, self.client.simple_query(text)).await??;
        let rows = messages.into_iter().filter_map(|message| match message {
            SimpleQueryMessage::Row(row) => Some(row),
            _ => None,
        });
        Ok(rows.collect())
    }
}

/// The error of a query on a connection.
pub(super) fn query_error(url: &Url, error: &Error) -> LockError {
    server_error(QUERY, url.redacted(), error)
}

const REQUIRE_TLS: &str =
    "if the server requires encryption, add the option `sslmode=require` to the URL";

/// Whether a server may have refused a connection because it is not encrypted.
///
/// The message is in the server's language, so what reports it counts as well.
fn may_require_tls(error: &Error) -> bool {
    error.as_db_error().is_some_and(|error| {
        let message = error.message().to_ascii_lowercase();
        ["ssl", "tls", "encrypt"].iter().any(|word| message.contains(word))
            || (*error.code() == SqlState::INVALID_AUTHORIZATION_SPECIFICATION
                && error.routine() == Some("ClientAuthentication"))
    })
}

/// Drives a connection while `work` waits for it.
pub(super) async fn drive<T>(
    task: &mut ConnectionTask,
    work: impl Future<Output = T>,
) -> Result<T, Error> {
    tokio::select! {
        biased;
        result = work => Ok(result),
        Err(error) = task => Err(error),
    }
}
