//! The URL of a server, with what this library understands in it beyond the server's own.

use std::path::PathBuf;
use std::time::Duration;

use tokio_postgres::Config;
use tokio_postgres::config::{Host, SslMode};

use super::server::sentence;
use crate::error::LockError;
use crate::this_process::ThisProcess;

/// How many connections a process has at the most for those who hold locks, unless it is told.
const CONNECTIONS: usize = 16;

/// How long it may take to be connected.
pub(super) const PATIENCE: Duration = Duration::from_secs(10);

/// What an unprivileged role can see of a session, cut to what the server keeps.
const APPLICATION_NAME: usize = 63;

/// Where the locks are.
#[derive(Clone, Debug)]
pub(crate) struct Address {
    pub(super) config: Config,
    /// Keeps the locks of one application apart from those of others in the same database.
    pub(crate) namespace: String,
    pub(crate) connections: usize,
    /// Who may vouch for the server, instead of those whom the system trusts.
    pub(super) root_certificates: Option<PathBuf>,
}

impl Address {
    /// Whether `text` is the URL of a server, if perhaps one with something wrong in it.
    pub(crate) fn is_one(text: &str) -> bool {
        text.starts_with("postgres://") || text.starts_with("postgresql://")
    }

    /// Understands `url`, `postgres://user:password@host:port/database?namespace=…`.
    pub(crate) fn parse(url: &str) -> Result<Self, LockError> {
        // `tokio_postgres` has another form as well, without a place for options of our own.
        if !Self::is_one(url) {
            return Err(refused("…", "it does not begin with postgres://".into()));
        }
        let (plain, query) = url.split_once('?').unwrap_or((url, ""));
        // Anything else would leave open what is a password, which must not be shown.
        if url.matches('@').count() > 1 || query.contains('@') {
            let why = "an `@` is written %40 everywhere but before the host, and a `?` in a \
                       password %3F";
            return Err(refused("…", why.into()));
        }
        let mut address = Self {
            config: Config::new(),
            namespace: String::new(),
            connections: CONNECTIONS,
            root_certificates: None,
        };
        let mut theirs = Vec::new();
        for option in query.split('&').filter(|option| !option.is_empty()) {
            let (name, value) = option.split_once('=').unwrap_or((option, ""));
            match name {
                "namespace" => address.namespace = decoded(value),
                "connections" => {
                    let number = value.parse().ok().filter(|number| *number > 0);
                    let message = format!("`connections={value}` is no number above 0");
                    address.connections = number.ok_or_else(|| refused(plain, message.into()))?;
                }
                // Who vouches for the server is looked at in any case.
                "sslmode" if matches!(value, "verify-ca" | "verify-full") => {
                    theirs.push("sslmode=require");
                }
                "sslrootcert" => address.root_certificates = Some(decoded(value).into()),
                _ => theirs.push(option),
            }
        }
        let theirs = format!("{plain}?{}", theirs.join("&"));
        let config = theirs.parse::<Config>();
        address.config = config.map_err(|error| refused(plain, sentence(&error).into()))?;
        address.prepare();
        Ok(address)
    }

    /// The same, without the password.
    pub(super) fn shown(&self) -> String {
        let host = match self.config.get_hosts().first() {
            Some(Host::Tcp(host)) if host.contains(':') => format!("[{host}]"),
            Some(Host::Tcp(host)) => host.clone(),
            #[cfg(unix)]
            Some(Host::Unix(path)) => path.display().to_string(),
            None => String::new(),
        };
        let port = self.config.get_ports().first().map(|port| format!(":{port}"));
        let user = self.config.get_user().unwrap_or_default();
        let database = self.config.get_dbname().unwrap_or(user);
        let namespace = Some(&self.namespace).filter(|namespace| !namespace.is_empty());
        let namespace = namespace.map(|namespace| format!("?namespace={namespace}"));
        let (port, namespace) = (port.unwrap_or_default(), namespace.unwrap_or_default());
        format!("postgres://{user}@{host}{port}/{database}{namespace}")
    }

    pub(super) fn needs_tls(&self) -> bool {
        self.config.get_ssl_mode() == SslMode::Require
    }

    /// Has connections end that lead nowhere, and tells the server who is there.
    fn prepare(&mut self) {
        let here = ThisProcess::get();
        let program = here.program.as_deref().unwrap_or("jam-lock");
        let host = here.host.as_deref().unwrap_or_default();
        let name = kept(format!("{program} {} {host}", here.id));
        let config = &mut self.config;
        if config.get_application_name().is_none() {
            config.application_name(name);
        }
        if config.get_connect_timeout().is_none() {
            config.connect_timeout(PATIENCE);
        }
        config.keepalives_idle(Duration::from_secs(2));
        config.keepalives_interval(Duration::from_secs(1));
        config.keepalives_retries(3);
        config.tcp_user_timeout(Duration::from_secs(5));
        if !self.needs_tls() {
            // Neither tried nor fallen back from: either the URL asks for it, or it is not there.
            self.config.ssl_mode(SslMode::Disable);
        }
    }
}

/// As much of an application's name as the server keeps.
fn kept(mut name: String) -> String {
    while name.len() > APPLICATION_NAME {
        name.pop();
    }
    name
}

fn refused(plain: &str, error: Box<dyn std::error::Error + Send + Sync>) -> LockError {
    // What stands before the host may have a password in it; so may everything where no host is told
    // from it.
    let host = plain.split_once('@').map_or("…", |(_, host)| host);
    LockError::Engine {
        operation: "understand the URL".to_owned(),
        location: host.to_owned(),
        error,
    }
}

/// What `%` and two digits stand for; anything else stands for itself.
fn decoded(text: &str) -> String {
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
    fn it_is_shown_without_its_password() {
        let address = Address::parse("postgres://app:geheim@db1:5433/shop?namespace=till%201");
        let address = address.unwrap();
        assert_eq!(address.shown(), "postgres://app@db1:5433/shop?namespace=till 1");
        assert_eq!(address.namespace, "till 1");
        let address = Address::parse("postgres://app@[::1]:5433/shop").unwrap();
        assert_eq!(address.shown(), "postgres://app@[::1]:5433/shop");
    }

    #[test]
    fn what_it_says_wrongly_is_refused_without_its_password() {
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
            ("host=db1 user=app password=geheim", "postgres://"),
        ] {
            let text = Address::parse(url).unwrap_err().to_string();
            assert!(text.starts_with("cannot understand the URL at "), "{text}");
            assert!(text.contains(why) && !text.contains("geheim"), "{text}");
        }
    }

    #[test]
    fn other_characters_of_a_password_need_not_be_written_otherwise() {
        for password in ["ge#heim", "ge/heim", "ge heim", "ge:heim", "ge%40heim%3F", "ge&heim="] {
            let address = Address::parse(&format!("postgres://app:{password}@db1/shop"));
            let address = address.unwrap();
            assert_eq!(address.shown(), "postgres://app@db1:5432/shop");
            let kept = address.config.get_password().unwrap();
            assert_eq!(kept, decoded(password).as_bytes());
        }
    }

    #[test]
    fn whoever_asks_for_a_verified_server_asks_for_encryption() {
        for mode in ["require", "verify-ca", "verify-full"] {
            let address = Address::parse(&format!("postgres://app@db1/shop?sslmode={mode}"));
            assert!(address.unwrap().needs_tls(), "{mode}");
        }
        assert!(!Address::parse("postgres://app@db1/shop?sslmode=prefer").unwrap().needs_tls());
    }

    #[test]
    fn what_the_server_is_told_of_a_process_fits() {
        assert_eq!(kept("é".repeat(32)), "é".repeat(31));
        let address = Address::parse("postgres://app@db1/shop?application_name=till").unwrap();
        assert_eq!(address.config.get_application_name(), Some("till"));
    }
}
