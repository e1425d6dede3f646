//! The acquisition by a reader, which replaces the token of the last writer.

use std::sync::Arc;

use tokio_postgres::Row;
use tokio_postgres::types::ToSql;

use super::AcquireTask;
use super::outcome::{AcquireError, Acquired};
use crate::engine::postgres::cancel_token::Progress;
use crate::engine::postgres::queries::Query;
use crate::engine::postgres::session::Session;

impl AcquireTask {
    /// Acquires the lock for a reader.
    pub(super) async fn acquire_shared(
        &self,
        session: &Arc<Session>,
    ) -> Result<Option<Acquired>, AcquireError> {
        let rows = self.run_cancellable(session, Query::TryLockShared, &[&self.key]).await?;
        let Some(rows) = rows else { return Ok(None) };
        let mut is_locked: bool = rows[0].try_get(0)?;
        if !is_locked && self.request.blocking {
            self.cancel.set_progress(Progress::Contended);
            is_locked = self.run_cancellable(session, Query::Wait, &[]).await?.is_some();
        }
        if !is_locked {
            return Ok(None);
        }
        let (namespace, name) = (self.namespace(), self.name.as_str());
        let parameters: [&(dyn ToSql + Sync); 3] = [&self.key, &namespace, &name];
        loop {
            let done = match self.read_record(session).await? {
                Some(acquired) if acquired.token & 1 == 1 => return Ok(Some(acquired)),
                Some(_) => self.run_cancellable(session, Query::ReplaceToken, &parameters).await?,
                // There has been no writer. Another reader may insert the row at the same time.
                None => self.insert_row(session).await?,
            };
            if done.is_none() {
                return Ok(None);
            }
        }
    }

    /// Inserts the row for a reader.
    async fn insert_row(&self, session: &Arc<Session>) -> Result<Option<Vec<Row>>, AcquireError> {
        let (namespace, name) = (self.namespace(), self.name.as_str());
        let parameters: [&(dyn ToSql + Sync); 4] =
            [&self.key, &namespace, &name, &self.name.is_keyed()];
        self.run_cancellable(session, Query::InsertRow, &parameters).await
    }
}
