//! The session for queries about locks and other sessions, which holds no lock itself.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{OwnedRwLockReadGuard, OwnedRwLockWriteGuard, RwLock};
use tokio::time::sleep;

use super::server::Server;
use super::session::Session;
use crate::error::LockError;

/// How long it may rest: longer than between two heartbeats, so that they use one.
const REST: Duration = Duration::from_secs(3);

/// A session that runs only queries that the server answers at once; opened for them, and closed
/// soon after them.
pub(super) struct ControlSession {
    server: Arc<Server>,
    current: Arc<Current>,
}

type Current = RwLock<Option<Arc<Session>>>;

/// The session while it is in use.
pub(super) type ControlUse = OwnedRwLockReadGuard<Option<Arc<Session>>, Session>;

impl ControlSession {
    pub(super) fn new(server: Arc<Server>) -> Self {
        Self { server, current: Arc::default() }
    }

    /// The session, which is opened if it is not open.
    pub(super) async fn get(&self) -> Result<ControlUse, LockError> {
        let current = Arc::clone(&self.current).read_owned().await;
        if let Ok(session) = in_use(current) {
            return Ok(session);
        }
        loop {
            let mut current = Arc::clone(&self.current).write_owned().await;
            if current.as_ref().is_none_or(|session| session.is_closed()) {
                let session = self.server.connect().await?;
                tokio::spawn(close_unused(Arc::clone(&self.current), Arc::clone(&session)));
                *current = Some(session);
            }
            if let Ok(session) = in_use(OwnedRwLockWriteGuard::downgrade(current)) {
                return Ok(session);
            }
        }
    }
}

fn in_use(
    current: OwnedRwLockReadGuard<Option<Arc<Session>>>,
) -> Result<ControlUse, OwnedRwLockReadGuard<Option<Arc<Session>>>> {
    OwnedRwLockReadGuard::try_map(current, |session| {
        session.as_deref().filter(|session| !session.is_closed())
    })
}

/// Closes `session` once it has not been used for [`REST`].
async fn close_unused(current: Arc<Current>, session: Arc<Session>) {
    while !session.is_closed() {
        sleep(REST).await;
        // A query that is under way has it locked for reading.
        let Ok(_unused) = current.try_write() else { continue };
        if session.silence() > REST {
            session.close("it was not used".to_owned());
        }
    }
}
