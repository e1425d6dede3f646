//! How a connection is encrypted, if it is.

#[cfg(feature = "postgres-tls")]
mod encrypted;

use std::pin::Pin;

use tokio_postgres::{CancelToken, Client, Error, NoTls};

#[cfg(feature = "postgres-tls")]
use self::encrypted::Encryption;
use super::url::Address;
use crate::error::LockError;

/// What encrypts connections, where the URL asks for it.
#[derive(Clone)]
pub(super) enum Tls {
    None,
    #[cfg(feature = "postgres-tls")]
    Encrypted(Encryption),
}

/// A connection that does what it is asked for until it ends.
pub(super) type Running = Pin<Box<dyn Future<Output = Result<(), Error>> + Send>>;

impl Tls {
    /// What the URL asks for.
    pub(super) fn of(address: &Address) -> Result<Self, LockError> {
        if !address.needs_tls() {
            return Ok(Self::None);
        }
        #[cfg(feature = "postgres-tls")]
        return encrypted::encryption(address).map(Self::Encrypted);
        #[cfg(not(feature = "postgres-tls"))]
        Err(LockError::Unsupported {
            what: "an encrypted connection (sslmode=require)",
            location: address.shown(),
            remedy: "build jam-lock with the feature `postgres-tls`",
        })
    }

    /// Connects, and has the connection run until it ends or is to close.
    pub(super) async fn connect(&self, address: &Address) -> Result<(Client, Running), Error> {
        match self {
            Self::None => {
                let (client, connection) = address.config.connect(NoTls).await?;
                Ok((client, Box::pin(connection)))
            }
            #[cfg(feature = "postgres-tls")]
            Self::Encrypted(encryption) => {
                let (client, connection) = address.config.connect(encryption.clone()).await?;
                Ok((client, Box::pin(connection)))
            }
        }
    }

    /// Has the server end what a session is busy with.
    pub(super) async fn cancel(&self, token: &CancelToken) -> Result<(), Error> {
        match self {
            Self::None => token.cancel_query(NoTls).await,
            #[cfg(feature = "postgres-tls")]
            Self::Encrypted(encryption) => token.cancel_query(encryption.clone()).await,
        }
    }
}

#[cfg(all(test, not(feature = "postgres-tls")))]
mod tests {
    use super::*;

    #[test]
    fn an_encrypted_connection_is_refused_by_a_build_that_has_none() {
        let address = Address::parse("postgres://app@db1/shop?sslmode=require").unwrap();
        assert!(matches!(Tls::of(&address), Err(LockError::Unsupported { .. })));
    }
}
