//! The session for queries about locks and other sessions, which holds no lock itself.

use std::sync::Arc;

use tokio::sync::Mutex;

use super::server::Server;
use super::session::Session;
use crate::error::LockError;

/// A session that runs only queries that the server answers at once; opened on first use.
pub(super) struct ControlSession {
    server: Arc<Server>,
    session: Mutex<Option<Arc<Session>>>,
}

impl ControlSession {
    pub(super) fn new(server: Arc<Server>) -> Self {
        Self { server, session: Mutex::default() }
    }

    /// The session, which is opened again if it was closed.
    pub(super) async fn get(&self) -> Result<Arc<Session>, LockError> {
        let mut current = self.session.lock().await;
        if let Some(session) = current.as_ref().filter(|session| !session.is_closed()) {
            return Ok(Arc::clone(session));
        }
        let session = self.server.connect().await?;
        *current = Some(Arc::clone(&session));
        Ok(session)
    }
}
