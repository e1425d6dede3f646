//! Connections with TLS, to servers whose certificate is signed by a trusted CA.

use std::fs::{self, Permissions};
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown};
use std::path::PathBuf;
use std::time::Duration;

use jam_lock_tests::LONG;
use jam_lock_tests::child::Child;
use jam_lock_tests::observe::wait_until;
use jam_lock_tests::postgres::new_folder;
use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};

use super::*;

/// A server with a certificate, and the folder with its CA.
struct TlsServer {
    server: Server,
    folder: PathBuf,
}

impl TlsServer {
    /// A server with a certificate for `host`.
    fn start(host: &str) -> Option<Self> {
        let folder = new_folder();
        let mut authority = CertificateParams::new(Vec::new()).unwrap();
        authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().unwrap();
        let root = authority.self_signed(&key).unwrap();
        let issuer = Issuer::new(authority, key);
        let key = KeyPair::generate().unwrap();
        let certificate = CertificateParams::new([host.to_owned()]).unwrap();
        let certificate = certificate.signed_by(&key, &issuer).unwrap();
        for (name, text) in [
            ("root.pem", root.pem()),
            ("server.pem", certificate.pem()),
            ("server.key", key.serialize_pem()),
        ] {
            let (path, owner) = (folder.join(name), fs::metadata(&folder).unwrap());
            fs::write(&path, text).unwrap();
            chown(&path, Some(owner.uid()), Some(owner.gid())).unwrap();
            fs::set_permissions(&path, Permissions::from_mode(0o600)).unwrap();
        }
        let shown = folder.display();
        let server = Server::start_with(&format!(
            "ssl = on\nssl_cert_file = '{shown}/server.pem'\nssl_key_file = '{shown}/server.key'"
        ))?;
        Some(Self { server, folder })
    }

    /// Its URL for a client that trusts its CA.
    fn url(&self) -> String {
        let root = self.folder.join("root.pem");
        format!("{}?sslmode=require&sslrootcert={}", self.server.url(), root.display())
    }
}

impl Drop for TlsServer {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.folder);
    }
}

fn refusal(url: &str) -> String {
    Locks::connect(url).expect_err("it is refused").to_string()
}

#[test]
fn every_session_is_encrypted_and_holds_locks() {
    let Some(tls) = TlsServer::start("127.0.0.1") else { return };
    let locks = locks(&tls.url());
    let plain = "SELECT count(*) FROM pg_stat_ssl JOIN pg_locks USING (pid) \
                 WHERE locktype = 'advisory' AND objsubid = 1 AND NOT ssl";
    let held = locks.lock(lock_name("a")).acquire().unwrap();
    assert_eq!(tls.server.query_one(plain), "0");
    let child = Child::holding(tls.server.url(), "b");
    assert_eq!(tls.server.query_one(plain), "1");
    // A wait that times out is cancelled by a connection of its own.
    let waited = locks.lock(lock_name("b")).timeout(Duration::from_millis(200)).acquire();
    assert!(waited.unwrap_err().is_timeout());
    child.release();
    drop(locks.lock(lock_name("b")).timeout(LONG).acquire().unwrap());
    held.release().unwrap();
}

#[test]
fn a_server_with_an_untrusted_certificate_is_refused() {
    let Some(tls) = TlsServer::start("127.0.0.1") else { return };
    let text = refusal(&format!("{}?sslmode=require", tls.server.url()));
    assert!(text.contains("UnknownIssuer") || text.contains("sslrootcert"), "{text}");
}

#[test]
fn a_server_with_the_certificate_of_another_host_is_refused() {
    let Some(tls) = TlsServer::start("db1.example.org") else { return };
    let text = refusal(&tls.url());
    assert!(text.contains("not valid for name"), "{text}");
}

#[test]
fn a_server_without_tls_is_refused() {
    let Some(server) = Server::shared() else { return };
    let Some(tls) = TlsServer::start("127.0.0.1") else { return };
    let url = url_through(&tls.server, &tls.url(), server.port());
    let text = refusal(&url);
    assert!(text.contains("server does not support TLS"), "{text}");
}

#[test]
fn a_server_that_requires_tls_is_refused_with_the_option() {
    let Some(tls) = TlsServer::start("127.0.0.1") else { return };
    let file = tls.server.query_one("SHOW hba_file");
    tls.server.query(&format!("COPY (SELECT 'hostssl all all all trust') TO '{file}'"));
    tls.server.query("SELECT pg_reload_conf()");
    wait_until("it requires TLS", || Locks::connect(&tls.server.url()).is_err());
    let text = refusal(&tls.server.url());
    assert!(text.contains("add the option `sslmode=require` to the URL"), "{text}");
    drop(locks(&tls.url()));
}

#[test]
fn a_missing_or_empty_root_certificate_file_is_an_error() {
    let Some(server) = Server::shared() else { return };
    let text = refusal(&format!("{}?sslmode=require&sslrootcert=/nowhere.pem", server.url()));
    assert!(text.contains("sslrootcert /nowhere.pem"), "{text}");
    let text = refusal(&format!("{}?sslmode=require&sslrootcert=/dev/null", server.url()));
    assert!(text.contains("the file has no certificate"), "{text}");
}
