//! The URL of a server, with the options of this library and those of `tokio_postgres`.

use std::net::IpAddr;
use std::path::PathBuf;
use std::time::Duration;

use tokio_postgres::Config;
use tokio_postgres::config::{Host, SslMode};

use super::error::describe;
use crate::error::LockError;
use crate::this_process::ThisProcess;

/// The default of `connections`: how many connections a process opens for its holders and waiters.
const DEFAULT_CONNECTIONS: usize = 16;

/// How long connecting to a server may take.
pub(super) const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// The server truncates an application name to this many bytes.
const MAX_APPLICATION_NAME: usize = 63;

/// Where the locks are.
#[derive(Clone, Debug)]
pub(crate) struct Url {
    pub(super) config: Config,
    /// Separates the locks of one application from those of others in the same database.
    pub(crate) namespace: String,
    pub(crate) connections: usize,
    /// A file with the CA certificates to trust instead of the system's.
    pub(super) root_certificates: Option<PathBuf>,
}

impl Url {
    /// Parses `url`, `postgres://user:password@host:port/database?namespace=…`.
    pub(crate) fn parse(url: &str) -> Result<Self, LockError> {
        // `tokio_postgres` also accepts `key=value` pairs, which have no room for our own options.
        let rest = url.split_once("://").filter(|(scheme, _)| is_scheme(scheme));
        let Some((_, rest)) = rest else {
            let why = "it does not start with postgres://, as in postgres://user@host/database";
            return Err(invalid("…", why.into()));
        };
        // `tokio_postgres` accepts the scheme in lower case only.
        let url = &*format!("postgres://{rest}");
        let (plain, query) = url.split_once('?').unwrap_or((url, ""));
        // Otherwise the end of the password would be ambiguous, and a message could show a part of
        // it.
        if url.matches('@').count() > 1 || query.contains('@') {
            let why = "write `@` as %40 except before the host, and `?` in a password as %3F";
            return Err(invalid("…", why.into()));
        }
        let mut parsed = Self {
            config: Config::new(),
            namespace: String::new(),
            connections: DEFAULT_CONNECTIONS,
            root_certificates: None,
        };
        let mut passed_on = Vec::new();
        for option in query.split('&').filter(|option| !option.is_empty()) {
            let (name, value) = option.split_once('=').unwrap_or((option, ""));
            match name {
                "namespace" => parsed.namespace = percent_decoded(value),
                "connections" => {
                    let number = value.parse().ok().filter(|number| *number > 0);
                    let why = format!("`connections={value}` is not a number greater than 0");
                    parsed.connections = number.ok_or_else(|| invalid(plain, why.into()))?;
                }
                // The certificate is verified in any case.
                "sslmode" if matches!(value, "verify-ca" | "verify-full") => {
                    passed_on.push("sslmode=require");
                }
                "sslrootcert" => parsed.root_certificates = Some(percent_decoded(value).into()),
                _ => passed_on.push(option),
            }
        }
        let passed_on = format!("{plain}?{}", passed_on.join("&"));
        let config = passed_on.parse::<Config>();
        parsed.config = config.map_err(|error| invalid(plain, describe(&error).into()))?;
        parsed.set_defaults();
        Ok(parsed)
    }

    /// The URL without its password and options, for messages.
    pub(super) fn redacted(&self) -> String {
        let user = self.config.get_user().unwrap_or_default();
        let database = self.config.get_dbname().unwrap_or(user);
        let namespace = Some(&self.namespace).filter(|namespace| !namespace.is_empty());
        let namespace = namespace.map(|namespace| format!("?namespace={namespace}"));
        let (hosts, namespace) = (self.hosts(), namespace.unwrap_or_default());
        format!("postgres://{user}@{hosts}/{database}{namespace}")
    }

    /// All hosts with their ports, because any of them may have the locks.
    fn hosts(&self) -> String {
        let of_host = |host: &Host| match host {
            Host::Tcp(host) if host.contains(':') => format!("[{host}]"),
            Host::Tcp(host) => host.clone(),
            // As it is written in a URL.
            #[cfg(unix)]
            Host::Unix(path) => path.display().to_string().replace('/', "%2F"),
        };
        let of_address = |address: &IpAddr| match address {
            IpAddr::V4(address) => address.to_string(),
            IpAddr::V6(address) => format!("[{address}]"),
        };
        let mut hosts: Vec<_> = self.config.get_hosts().iter().map(of_host).collect();
        if hosts.is_empty() {
            hosts.extend(self.config.get_hostaddrs().iter().map(of_address));
        }
        // One port is that of all hosts.
        let ports = self.config.get_ports();
        let with_port = |(at, host): (usize, &String)| match ports.get(at).or(ports.first()) {
            Some(port) => format!("{host}:{port}"),
            None => host.clone(),
        };
        hosts.iter().enumerate().map(with_port).collect::<Vec<_>>().join(",")
    }

    pub(super) fn needs_tls(&self) -> bool {
        self.config.get_ssl_mode() == SslMode::Require
    }

    /// Makes dead connections end, and names this process to the server.
    fn set_defaults(&mut self) {
        let here = ThisProcess::get();
        let program = here.program.as_deref().unwrap_or("jam-lock");
        let host = here.host.as_deref().unwrap_or_default();
        let name = truncated(format!("{program} {} {host}", here.id));
        let config = &mut self.config;
        if config.get_application_name().is_none() {
            config.application_name(name);
        }
        if config.get_connect_timeout().is_none() {
            config.connect_timeout(CONNECT_TIMEOUT);
        }
        config.keepalives_idle(Duration::from_secs(2));
        config.keepalives_interval(Duration::from_secs(1));
        config.keepalives_retries(3);
        config.tcp_user_timeout(Duration::from_secs(5));
        if !self.needs_tls() {
            // The URL either requires TLS or goes without; it is never tried with a fallback.
            self.config.ssl_mode(SslMode::Disable);
        }
    }
}

fn is_scheme(text: &str) -> bool {
    ["postgres", "postgresql"].iter().any(|scheme| text.eq_ignore_ascii_case(scheme))
}

/// As much of an application name as the server keeps.
fn truncated(mut name: String) -> String {
    while name.len() > MAX_APPLICATION_NAME {
        name.pop();
    }
    name
}

fn invalid(plain: &str, error: Box<dyn std::error::Error + Send + Sync>) -> LockError {
    // The part before the host may contain a password; without an `@`, any part may.
    let host = plain.split_once('@').map_or("…", |(_, host)| host);
    LockError::engine("parse the connection URL", host, error)
}

/// Decodes each `%` with two hexadecimal digits; everything else stands for itself.
fn percent_decoded(text: &str) -> String {
    let mut bytes = Vec::new();
    let mut rest = text.as_bytes();
    while let Some((first, behind)) = rest.split_first() {
        let code = behind.get(..2).filter(|_| *first == b'%');
        let code =
            code.and_then(|code| u8::from_str_radix(std::str::from_utf8(code).ok()?, 16).ok());
        bytes.push(code.unwrap_or(*first));
        rest = if code.is_some() { &behind[2..] } else { behind };
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_password_is_redacted() {
        let url = Url::parse("postgres://app:geheim@db1:5433/shop?namespace=till%201");
        let url = url.unwrap();
        assert_eq!(url.redacted(), "postgres://app@db1:5433/shop?namespace=till 1");
        assert_eq!(url.namespace, "till 1");
        let url = Url::parse("postgres://app@[::1]:5433/shop").unwrap();
        assert_eq!(url.redacted(), "postgres://app@[::1]:5433/shop");
    }

    #[test]
    fn a_location_has_all_hosts_of_the_url() {
        for (url, location) in [
            ("postgres://app:geheim@db1,db2:5433/shop", "postgres://app@db1:5432,db2:5433/shop"),
            ("postgres://app@[::1]:1,db2/shop", "postgres://app@[::1]:1,db2:5432/shop"),
            ("postgres://app@/shop?host=db1&host=db2&port=6", "postgres://app@db1:6,db2:6/shop"),
            ("postgres://app@/shop?hostaddr=10.0.0.7", "postgres://app@10.0.0.7/shop"),
            #[cfg(unix)]
            ("postgres://app@%2Frun%2Fpg/shop", "postgres://app@%2Frun%2Fpg:5432/shop"),
            ("POSTGRESQL://app@db1/shop", "postgres://app@db1:5432/shop"),
        ] {
            assert_eq!(Url::parse(url).unwrap().redacted(), location);
        }
    }

    #[test]
    fn an_invalid_url_is_refused_without_showing_its_password() {
        for (url, why) in [
            ("postgres://app:geheim@db1/shop?colour=red", "colour"),
            ("postgres://app:geheim@db1/shop?sslmode=perhaps", "sslmode"),
            ("postgres://a:geheim@b?connections=0", "connections=0"),
            ("postgres://app:ver@geheim@db1/shop", "%40"),
            ("postgres://app:geheim%40db1/shop", "port"),
            ("postgres://app:geheim", "port"),
            ("postgres://app:geheim@db1:x/shop", "at db1:x/shop: "),
            ("postgres://app:ver?geheim@db1/shop", "%3F"),
            ("postgres://app:ver@no?geheim@db1/shop", "%40"),
            ("postgres://app:geheim?namespace=a@b", "%40"),
            ("host=db1 user=app password=ver@geheim", "postgres://"),
            ("\"postgres://app:geheim@db1/shop\"", "postgres://user@host"),
            ("mysql://app:geheim@db1/shop", "postgres://user@host"),
            ("host=db1 user=app password=geheim", "postgres://"),
        ] {
            let text = Url::parse(url).unwrap_err().to_string();
            assert!(text.starts_with("cannot parse the connection URL at "), "{text}");
            assert!(text.contains(why) && !text.contains("geheim"), "{text}");
        }
    }

    #[test]
    fn other_characters_of_a_password_need_no_encoding() {
        for password in ["ge#heim", "ge/heim", "ge heim", "ge:heim", "ge%40heim%3F", "ge&heim="] {
            let url = Url::parse(&format!("postgres://app:{password}@db1/shop"));
            let url = url.unwrap();
            assert_eq!(url.redacted(), "postgres://app@db1:5432/shop");
            let kept = url.config.get_password().unwrap();
            assert_eq!(kept, percent_decoded(password).as_bytes());
        }
    }

    #[test]
    fn a_url_that_requires_a_verified_server_requires_encryption() {
        for mode in ["require", "verify-ca", "verify-full"] {
            let url = Url::parse(&format!("postgres://app@db1/shop?sslmode={mode}"));
            assert!(url.unwrap().needs_tls(), "{mode}");
        }
        assert!(!Url::parse("postgres://app@db1/shop?sslmode=prefer").unwrap().needs_tls());
    }

    #[test]
    fn the_application_name_fits() {
        assert_eq!(truncated("é".repeat(32)), "é".repeat(31));
        let url = Url::parse("postgres://app@db1/shop?application_name=till").unwrap();
        assert_eq!(url.config.get_application_name(), Some("till"));
    }
}
