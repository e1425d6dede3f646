//! Connections with or without TLS.

#[cfg(feature = "postgres-tls")]
mod encrypted;

use std::pin::Pin;

use tokio_postgres::{CancelToken, Client, Error, NoTls};

#[cfg(feature = "postgres-tls")]
use self::encrypted::Connector;
use super::url::Url;
use crate::error::LockError;

/// How connections to a server are encrypted, if its URL requires that.
#[derive(Clone)]
pub(super) enum Tls {
    None,
    #[cfg(feature = "postgres-tls")]
    Encrypted(Connector),
}

/// Does the input and output of a connection until it ends.
pub(super) type ConnectionTask = Pin<Box<dyn Future<Output = Result<(), Error>> + Send>>;

impl Tls {
    pub(super) fn from_url(url: &Url) -> Result<Self, LockError> {
        if !url.needs_tls() {
            return Ok(Self::None);
        }
        #[cfg(feature = "postgres-tls")]
        return encrypted::connector(url).map(Self::Encrypted);
        #[cfg(not(feature = "postgres-tls"))]
        Err(LockError::Unsupported {
            what: "an encrypted connection (sslmode=require)",
            location: url.redacted(),
            remedy: "build jam-lock with the feature `postgres-tls`".into(),
        })
    }

    /// Connects; the connection makes progress only while its task is polled.
    pub(super) async fn connect(&self, url: &Url) -> Result<(Client, ConnectionTask), Error> {
        match self {
            Self::None => {
                let (client, connection) = url.config.connect(NoTls).await?;
                Ok((client, Box::pin(connection)))
            }
            #[cfg(feature = "postgres-tls")]
            Self::Encrypted(connector) => {
                let (client, connection) = url.config.connect(connector.clone()).await?;
                Ok((client, Box::pin(connection)))
            }
        }
    }

    /// Sends a cancel request for the query that a session is running.
    pub(super) async fn cancel(&self, token: &CancelToken) -> Result<(), Error> {
        match self {
            Self::None => token.cancel_query(NoTls).await,
            #[cfg(feature = "postgres-tls")]
            Self::Encrypted(connector) => token.cancel_query(connector.clone()).await,
        }
    }
}

#[cfg(all(test, not(feature = "postgres-tls")))]
mod tests {
    use super::*;

    #[test]
    fn a_build_without_tls_refuses_an_encrypted_connection() {
        let url = Url::parse("postgres://app@db1/shop?sslmode=require").unwrap();
        assert!(matches!(Tls::from_url(&url), Err(LockError::Unsupported { .. })));
    }
}
