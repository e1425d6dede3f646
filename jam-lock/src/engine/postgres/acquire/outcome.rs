//! The result of an acquisition, or why it failed.

use std::sync::Arc;

use tokio_postgres::error::{Severity, SqlState};
use tokio_postgres::{Error, Row};

use crate::engine::Mode;
use crate::engine::postgres::error::describe;
use crate::engine::postgres::last_run::FoundRun;
use crate::engine::postgres::session::{RESPONSE_TIMEOUT, Session, unresponsive};
use crate::error::LockError;
use crate::holder::Holder;
use crate::name::LockName;

/// A lock that the server has granted.
#[derive(Debug)]
pub(in crate::engine::postgres) struct Acquired {
    pub(in crate::engine::postgres) session: Arc<Session>,
    pub(in crate::engine::postgres) mode: Mode,
    /// The token in the table.
    pub(in crate::engine::postgres) token: i64,
    pub(in crate::engine::postgres) abandoned_by: Option<Box<Holder>>,
    /// The last run of a job that ended well.
    pub(in crate::engine::postgres) last_run: FoundRun,
}

impl Acquired {
    /// From a row with the token, and whether it is of the requested name.
    pub(super) fn from_row(
        session: &Arc<Session>,
        mode: Mode,
        row: &Row,
    ) -> Result<Self, AcquireError> {
        if !row.try_get::<_, bool>(1)? {
            return Err(AcquireError::KeyCollision);
        }
        let (session, token) = (Arc::clone(session), row.try_get(0)?);
        Ok(Self { session, mode, token, abandoned_by: None, last_run: FoundRun::None })
    }
}

/// Why an acquisition failed other than by contention.
#[derive(Debug)]
pub(super) enum AcquireError {
    Server(Error),
    Unresponsive,
    /// Another name has the same key.
    KeyCollision,
    /// The session has ended for this reason, and the owner had other locks on it.
    OthersLost(String),
}

impl AcquireError {
    pub(super) fn is_deadlock(&self) -> bool {
        let Self::Server(error) = self else { return false };
        error.code() == Some(&SqlState::T_R_DEADLOCK_DETECTED)
    }

    /// Whether the server cancelled a query for another client, or for a timeout.
    pub(super) fn is_cancelled(&self) -> bool {
        let Self::Server(error) = self else { return false };
        error.code() == Some(&SqlState::QUERY_CANCELED)
    }

    /// Why the server ends the session, if it has sent that.
    pub(super) fn end_of_session(&self) -> Option<String> {
        let Self::Server(error) = self else { return None };
        let severity = error.as_db_error()?.parsed_severity()?;
        matches!(severity, Severity::Fatal | Severity::Panic).then(|| describe(error))
    }

    pub(super) fn into_lock_error(
        self,
        name: &LockName,
        location: String,
        session: &Session,
    ) -> LockError {
        if self.is_deadlock() {
            return LockError::Deadlock {
                name: Box::new(name.clone()),
                location,
                cycle: Vec::new(),
            };
        }
        let why = match self {
            Self::Server(error) => {
                let reason = session.lost_reason().filter(|_| error.code().is_none());
                reason.unwrap_or_else(|| describe(&error))
            }
            Self::Unresponsive => unresponsive(RESPONSE_TIMEOUT),
            Self::OthersLost(reason) => {
                format!("the other locks of this thread or task there were lost with it: {reason}")
            }
            Self::KeyCollision => {
                "another name has the same key in the table jam_lock: rename this one".to_owned()
            }
        };
        LockError::engine(format!("acquire lock `{name}`"), location, why)
    }
}

impl From<Error> for AcquireError {
    fn from(error: Error) -> Self {
        Self::Server(error)
    }
}
