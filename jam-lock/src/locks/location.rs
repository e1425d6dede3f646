//! What a location names: a folder, or a database.
//!
//! A text that is meant as a URL never becomes a folder: its locks would exclude none of the
//! processes that use the database, or another current directory.

mod shell_syntax;

use std::ffi::OsStr;
use std::path::Path;

use crate::error::LockError;

/// What a location names.
#[derive(Debug)]
pub(super) enum Location<'text> {
    Folder(&'text Path),
    /// The URL of a database.
    #[cfg(feature = "postgres")]
    Database(&'text str),
}

impl<'text> Location<'text> {
    pub(super) fn parse(location: &'text OsStr) -> Result<Self, LockError> {
        let Some(text) = location.to_str() else { return Ok(Self::Folder(Path::new(location))) };
        shell_syntax::check(text)?;
        match Form::of(text) {
            None => Ok(Self::Folder(Path::new(location))),
            #[cfg(feature = "postgres")]
            Some(Form::Url(scheme)) if is_supported(scheme) => Ok(Self::Database(text)),
            Some(form) => Err(form.error()),
        }
    }
}

/// Refuses what is not a folder, where only a folder is accepted.
pub(super) fn check_folder(folder: &Path) -> Result<(), LockError> {
    let text = folder.to_str();
    text.map_or(Ok(()), shell_syntax::check_expanded)?;
    match text.and_then(Form::of) {
        None => Ok(()),
        Some(form @ Form::Url(_)) => Err(LockError::Unsupported {
            what: "a URL in the location of a folder",
            location: form.redacted(),
            remedy: "use `Locks::at` or `Locks::connect`".into(),
        }),
        Some(form) => Err(form.error()),
    }
}

/// The form of a location that is not a folder.
#[derive(Clone, Copy)]
enum Form<'text> {
    /// `scheme://…`
    Url(&'text str),
    /// `scheme:/…`, or a scheme of PostgreSQL in front of a colon.
    NoSlashes(&'text str),
    /// `scheme//…`, with a scheme of PostgreSQL.
    NoColon(&'text str),
    /// `key=…`, with a key of PostgreSQL.
    Pairs(&'text str),
    /// `user@host/database` or `host:port/database`.
    NoScheme,
}

impl<'text> Form<'text> {
    fn of(text: &'text str) -> Option<Self> {
        let key = text.split_once('=').map(|(key, _)| key.trim_end());
        if let Some(key) = key.filter(|key| KEYS.contains(key)) {
            return Some(Self::Pairs(key));
        }
        if let Some((scheme, _)) = text.split_once("://") {
            return Some(Self::Url(scheme));
        }
        let scheme = text.split_once("//").map(|(scheme, _)| scheme);
        if let Some(scheme) = scheme.filter(|it| is_scheme(it) && is_of_postgres(it)) {
            return Some(Self::NoColon(scheme));
        }
        let scheme = text.split_once(':').filter(|(scheme, rest)| {
            is_scheme(scheme) && (rest.starts_with('/') || is_of_postgres(scheme))
        });
        match scheme {
            Some((scheme, _)) => Some(Self::NoSlashes(scheme)),
            None => is_server(text).then_some(Self::NoScheme),
        }
    }

    /// The start of the location, because the rest may contain a password.
    fn redacted(self) -> String {
        match self {
            Self::Url(scheme) => format!("{scheme}://…"),
            Self::NoSlashes(scheme) => format!("{scheme}:…"),
            Self::NoColon(scheme) => format!("{scheme}//…"),
            Self::Pairs(key) => format!("{key}=…"),
            Self::NoScheme => "…".to_owned(),
        }
    }

    fn error(self) -> LockError {
        let location = self.redacted();
        let as_folder = format!("; a folder of that name is ./{location}");
        let (what, remedy) = match self {
            Self::Url(scheme) if is_supported(scheme) => {
                ("a lock engine of this kind", format!("{BUILD}, or name a folder"))
            }
            Self::Url(scheme) if is_of_postgres(scheme) => {
                ("a URL of this kind", SPELLING.to_owned())
            }
            Self::Url(_) if cfg!(feature = "postgres") => {
                ("a lock engine of this kind", "name a folder, or a postgres:// URL".to_owned())
            }
            Self::Url(_) => (
                "a lock engine of this kind",
                format!("name a folder, or {BUILD} and name a postgres:// URL"),
            ),
            Self::NoColon(_) => ("a URL without `://`", format!("{SPELLING}{as_folder}")),
            Self::NoSlashes(scheme) if is_of_postgres(scheme) => {
                ("a URL without `://`", format!("{SPELLING}{as_folder}"))
            }
            Self::NoSlashes(_) => {
                ("a URL without `://`", format!("write the slashes after the colon{as_folder}"))
            }
            Self::NoScheme => ("a URL without its scheme", format!("{SPELLING}{as_folder}")),
            Self::Pairs(_) => {
                ("a connection string without a URL", format!("{SPELLING}{as_folder}"))
            }
        };
        LockError::Unsupported { what, location, remedy: remedy.into() }
    }
}

const BUILD: &str = "build jam-lock with the feature `postgres`";
const SPELLING: &str = "write it as postgres://user@host/database";

/// The keys with which a connection string of PostgreSQL may start.
const KEYS: [&str; 13] = [
    "application_name",
    "connect_timeout",
    "dbname",
    "host",
    "hostaddr",
    "options",
    "passfile",
    "password",
    "port",
    "service",
    "sslmode",
    "target_session_attrs",
    "user",
];

/// Whether a text has the form of a scheme, and not of a drive of Windows, which is one letter.
fn is_scheme(text: &str) -> bool {
    text.len() > 1
        && text.starts_with(|first: char| first.is_ascii_alphabetic())
        && text.chars().all(|it| it.is_ascii_alphanumeric() || "+-.".contains(it))
}

/// Whether a text begins with a user and a host, or with a host and a port, as a URL does behind its scheme.
fn is_server(text: &str) -> bool {
    let begin = text.split(['/', '?']).next().unwrap_or_default();
    let (user, host) = begin.rsplit_once('@').map_or(("", begin), |(user, host)| (user, host));
    if !user.is_empty() && !host.is_empty() {
        return user.contains(':') || begin.len() < text.len();
    }
    let is_port = |port: &str| !port.is_empty() && port.bytes().all(|it| it.is_ascii_digit());
    host.split_once(':').is_some_and(|(host, port)| host.len() > 1 && is_port(port))
}

/// Whether URLs with this scheme are supported, in a build that has the engine.
fn is_supported(scheme: &str) -> bool {
    ["postgres", "postgresql"].iter().any(|ours| scheme.eq_ignore_ascii_case(ours))
}

/// Whether other clients of PostgreSQL use this scheme, or one may be mistaken for it.
fn is_of_postgres(scheme: &str) -> bool {
    let scheme = scheme.to_ascii_lowercase();
    scheme.contains("postgre") || ["jdbc", "pg", "pgsql", "psql"].contains(&&*scheme)
}

#[cfg(test)]
mod tests;
