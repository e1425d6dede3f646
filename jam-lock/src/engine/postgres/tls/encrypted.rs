//! Connections encrypted by rustls, to servers whose certificate is signed by a trusted CA.

use std::error::Error;
use std::path::Path;
use std::sync::Arc;

use rustls::crypto::ring;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::{ClientConfig, RootCertStore};
use tokio_postgres_rustls::MakeRustlsConnect;

use crate::engine::postgres::url::Url;
use crate::error::LockError;

pub(super) type Connector = MakeRustlsConnect;

/// Encrypts the connections to `url`.
pub(super) fn connector(url: &Url) -> Result<Connector, LockError> {
    let roots = match &url.root_certificates {
        Some(path) => roots_from_file(path),
        None => system_roots(),
    };
    let config = roots.and_then(|roots| {
        let builder = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()));
        let builder = builder.with_safe_default_protocol_versions()?;
        Ok(builder.with_root_certificates(roots).with_no_client_auth())
    });
    let config = config.map_err(|error| LockError::engine("set up TLS", url.redacted(), error));
    config.map(MakeRustlsConnect::new)
}

/// The CA certificates in the file at `path`.
fn roots_from_file(path: &Path) -> Result<RootCertStore, Box<dyn Error + Send + Sync>> {
    let in_file = |error: &dyn Error| format!("sslrootcert {}: {error}", path.display());
    let mut roots = RootCertStore::empty();
    let certificates = CertificateDer::pem_file_iter(path).map_err(|error| in_file(&error))?;
    for certificate in certificates {
        roots.add(certificate.map_err(|error| in_file(&error))?)?;
    }
    if roots.is_empty() {
        return Err(format!("sslrootcert {}: the file has no certificate", path.display()).into());
    }
    Ok(roots)
}

/// The CA certificates that this system trusts.
fn system_roots() -> Result<RootCertStore, Box<dyn Error + Send + Sync>> {
    let mut roots = RootCertStore::empty();
    let found = rustls_native_certs::load_native_certs();
    roots.add_parsable_certificates(found.certs);
    if roots.is_empty() {
        let why = found.errors.first().map(ToString::to_string).unwrap_or_default();
        let text = format!(
            "this system has no trusted CA certificates: name a file of them with sslrootcert=… \
             {why}"
        );
        return Err(text.trim_end().into());
    }
    Ok(roots)
}
