//! How a connection is encrypted, if it is.

use tokio_postgres::{CancelToken, Client, Error, NoTls};

use super::address::Address;
use crate::LockError;

/// What encrypts connections, where the URL asks for it.
#[derive(Clone)]
pub(super) struct Tls;

impl Tls {
    /// What the URL asks for.
    pub(super) fn of(address: &Address) -> Result<Self, LockError> {
        if address.needs_tls() {
            return Err(LockError::Unsupported {
                what: "an encrypted connection (sslmode=require)",
                place: address.shown(),
                remedy: "build jam-lock with the feature `postgres-tls`",
            });
        }
        Ok(Self)
    }

    /// Connects, and has the connection run until it ends or is to close.
    pub(super) async fn connect(&self, address: &Address) -> Result<(Client, Running), Error> {
        let (client, connection) = address.config.connect(NoTls).await?;
        Ok((client, Box::pin(connection)))
    }

    pub(super) async fn cancel(&self, token: &CancelToken) -> Result<(), Error> {
        token.cancel_query(NoTls).await
    }
}

/// A connection that does what it is asked for until it ends.
pub(super) type Running = std::pin::Pin<Box<dyn Future<Output = Result<(), Error>> + Send>>;
