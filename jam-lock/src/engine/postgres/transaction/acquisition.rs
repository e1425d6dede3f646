//! [`Acquisition`]: acquires a lock in a transaction, whose state is defined however that ends.

use std::time::{Duration, Instant};

use tokio_postgres::error::SqlState;
use tokio_postgres::types::{ToSql, Type};
use tokio_postgres::{Error, Row, SimpleQueryMessage, SimpleQueryRow, Transaction};

use super::sql::{ABORT, UNDO};
use super::target::Target;
use super::{TransactionGrant, TransactionLock};
use crate::engine::Mode;
use crate::engine::postgres::error::describe;
use crate::engine::postgres::holder;
use crate::engine::postgres::queries::Query;
use crate::engine::postgres::server::{Database, SYSTEM_IDENTIFIER};
use crate::error::LockError;
use crate::holder::Holder;
use crate::site::Site;

/// One acquisition of a lock in a transaction.
pub(super) struct Acquisition<'a> {
    pub(super) lock: &'a TransactionLock,
    pub(super) transaction: &'a Transaction<'a>,
    pub(super) target: Target,
    pub(super) site: Site,
}

/// What the server has replied to the message of an acquisition.
struct Reply {
    /// Whether the transaction had the lock already.
    is_held: bool,
    /// Whether it is in the database where it is expected.
    is_expected: bool,
    granted: Option<Granted>,
}

struct Granted {
    token: u64,
    /// Whether the row is of this name: two names may have one key, however unlikely.
    is_ours: bool,
    is_abandoned: bool,
}

impl Acquisition<'_> {
    pub(super) async fn run(&self) -> Result<TransactionGrant, LockError> {
        let start = Instant::now();
        let mut reply = self.send(self.lock.database.as_ref(), start).await?;
        if let Some(database) = self.lock.database.as_ref().filter(|_| !reply.is_expected) {
            self.refuse_another_server(database).await?;
            reply = self.send(None, start).await?;
        }
        if reply.is_held && !self.lock.is_reentrant && !self.lock.is_try() {
            return Err(self.reentrant());
        }
        let Some(granted) = reply.granted else {
            return Err(self.timeout(Duration::ZERO).await);
        };
        if !granted.is_ours {
            let why = "another name has the same key in the table jam_lock: rename this one";
            return Err(self.failed(why));
        }
        let abandoned = if granted.is_abandoned { Some(self.abandoned_by().await?) } else { None };
        Ok(TransactionGrant { token: granted.token, waited: start.elapsed(), abandoned })
    }

    /// Sends the message; after an error, the transaction is as it was before, except after a deadlock.
    async fn send(&self, expected: Option<&Database>, start: Instant) -> Result<Reply, LockError> {
        let message = self.target.message(expected, self.lock.is_reentrant);
        match self.transaction.simple_query(&message).await {
            Ok(messages) => Ok(Reply::read(&messages)),
            Err(error) => Err(self.undo(&error, start).await),
        }
    }

    async fn undo(&self, error: &Error, start: Instant) -> LockError {
        // The first error is the one to report.
        let _ = self.transaction.batch_execute(UNDO).await;
        match error.code() {
            Some(&SqlState::LOCK_NOT_AVAILABLE) => {
                let waited = if self.lock.is_try() { Duration::ZERO } else { start.elapsed() };
                self.timeout(waited).await
            }
            Some(&SqlState::T_R_DEADLOCK_DETECTED) => {
                // Otherwise the others would wait until the caller rolls back.
                let _ = self.transaction.batch_execute(ABORT).await;
                let Self { lock: TransactionLock { name, location, .. }, .. } = self;
                LockError::Deadlock {
                    name: Box::new(name.clone()),
                    location: location.clone(),
                    cycle: Vec::new(),
                }
            }
            // Another database may have no table.
            Some(&SqlState::UNDEFINED_TABLE) => {
                let refused = match &self.lock.database {
                    Some(database) => self.refuse_another_server(database).await.err(),
                    None => None,
                };
                refused.unwrap_or_else(|| self.failed(describe(error)))
            }
            Some(&SqlState::T_R_SERIALIZATION_FAILURE) => self.failed(format!(
                "{}: run the transaction again, or with isolation level READ COMMITTED",
                describe(error)
            )),
            _ => self.failed(describe(error)),
        }
    }

    async fn timeout(&self, waited: Duration) -> LockError {
        let TransactionLock { name, location, .. } = self.lock;
        LockError::Timeout {
            other_holders: Vec::new(),
            name: Box::new(name.clone()),
            location: location.clone(),
            waited,
            holder: self.holder().await,
            blocked_on: None,
        }
    }

    async fn holder(&self) -> Option<Box<Holder>> {
        let TransactionLock { name, namespace, .. } = self.lock;
        let query = Query::FindHolder.text_for(&self.target.table);
        let name = name.as_str();
        let parameters: [(&(dyn ToSql + Sync), Type); 3] =
            [(&self.target.key, Type::INT8), (namespace, Type::TEXT), (&name, Type::TEXT)];
        let rows = self.transaction.query_typed(&query, &parameters).await.ok()?;
        holder::read_found(rows.first()?, |_| false)
    }

    /// The holder that died; a writer's transaction recovers it by its commit.
    async fn abandoned_by(&self) -> Result<Box<Holder>, LockError> {
        let query = match self.target.mode {
            Mode::Exclusive => self.target.recover(),
            Mode::Shared => self.target.read_abandonment(),
        };
        let rows = self.query(&query).await?;
        Ok(rows.first().and_then(|row| holder::read(row, 0)).unwrap_or_default())
    }

    /// Fails unless the transaction is at the server of the locks, which may have been restarted.
    async fn refuse_another_server(&self, expected: &Database) -> Result<(), LockError> {
        let text = "SELECT (SELECT oid::text FROM pg_database WHERE datname = current_database()),
                has_function_privilege(to_regprocedure('pg_control_system()'), 'EXECUTE')";
        let rows = self.query(text).await?;
        let text = |row: &Row| row.try_get::<_, Option<String>>(0).ok().flatten();
        let is_readable = rows.first().is_some_and(|row| row.try_get(1).unwrap_or_default());
        let mut is_same = rows.first().and_then(text).as_ref() == Some(&expected.oid);
        if let Some(identifier) = expected.system_identifier.as_ref().filter(|_| is_readable) {
            let rows = self.query(&format!("SELECT {SYSTEM_IDENTIFIER}::text")).await?;
            is_same &= rows.first().and_then(text).as_ref() == Some(identifier);
        }
        if is_same {
            return Ok(());
        }
        Err(LockError::Unsupported {
            what: "a transaction of another database",
            location: self.lock.location.clone(),
            remedy: "begin it in the database that has the lock".into(),
        })
    }

    async fn query(&self, text: &str) -> Result<Vec<Row>, LockError> {
        let rows = self.transaction.query_typed(text, &[]).await;
        rows.map_err(|error| self.failed(describe(&error)))
    }

    fn reentrant(&self) -> LockError {
        LockError::Reentrant {
            name: Box::new(self.lock.name.clone()),
            requested_at: self.site,
            held_at: Site::labelled("this transaction"),
            remedy: "it is held until the transaction ends, so acquire it once",
        }
    }

    fn failed(&self, why: impl Into<String>) -> LockError {
        let TransactionLock { name, location, .. } = self.lock;
        LockError::engine(format!("acquire lock `{name}`"), location, why.into())
    }
}

impl Reply {
    fn read(messages: &[SimpleQueryMessage]) -> Self {
        let rows = || {
            messages.iter().filter_map(|message| match message {
                SimpleQueryMessage::Row(row) => Some(row),
                _ => None,
            })
        };
        let flag = |row: &SimpleQueryRow, name| matches!(row.try_get(name), Ok(Some("t")));
        let first = |name| rows().next().is_some_and(|row| flag(row, name));
        let granted = rows().find_map(|row| {
            let token = row.try_get("token").ok()??.parse().ok()?;
            let (is_ours, is_abandoned) = (flag(row, "is_ours"), flag(row, "is_abandoned"));
            Some(Granted { token, is_ours, is_abandoned })
        });
        Self { is_held: first("is_held"), is_expected: first("is_expected"), granted }
    }
}
