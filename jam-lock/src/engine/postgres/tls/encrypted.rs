//! Connections that are encrypted by rustls, to servers that somebody vouches for who is trusted.

use std::error::Error;
use std::path::Path;
use std::sync::Arc;

use rustls::crypto::ring;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::{ClientConfig, RootCertStore};
use tokio_postgres_rustls::MakeRustlsConnect;

use crate::engine::postgres::server::failed;
use crate::engine::postgres::url::Address;
use crate::error::LockError;

pub(super) type Encryption = MakeRustlsConnect;

/// What encrypts the connections to `address`.
pub(super) fn encryption(address: &Address) -> Result<Encryption, LockError> {
    let roots = match &address.root_certificates {
        Some(path) => of_file(path),
        None => of_this_system(),
    };
    let config = roots.and_then(|roots| {
        let builder = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()));
        let builder = builder.with_safe_default_protocol_versions()?;
        Ok(builder.with_root_certificates(roots).with_no_client_auth())
    });
    let config = config.map_err(|error| failed("prepare an encrypted connection", address, error));
    config.map(MakeRustlsConnect::new)
}

/// Those whose certificates stand in the file at `path`.
fn of_file(path: &Path) -> Result<RootCertStore, Box<dyn Error + Send + Sync>> {
    let in_file = |error: &dyn Error| format!("sslrootcert {}: {error}", path.display());
    let mut roots = RootCertStore::empty();
    let certificates = CertificateDer::pem_file_iter(path).map_err(|error| in_file(&error))?;
    for certificate in certificates {
        roots.add(certificate.map_err(|error| in_file(&error))?)?;
    }
    if roots.is_empty() {
        return Err(format!("sslrootcert {}: it has no certificate in it", path.display()).into());
    }
    Ok(roots)
}

/// Those whom this system trusts.
fn of_this_system() -> Result<RootCertStore, Box<dyn Error + Send + Sync>> {
    let mut roots = RootCertStore::empty();
    let found = rustls_native_certs::load_native_certs();
    roots.add_parsable_certificates(found.certs);
    if roots.is_empty() {
        let why = found.errors.first().map(ToString::to_string).unwrap_or_default();
        let text = format!(
            "this system trusts nobody to vouch for a server: name a file of certificates with \
             sslrootcert=… {why}"
        );
        return Err(text.trim_end().into());
    }
    Ok(roots)
}
