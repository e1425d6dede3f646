//! What a location names: a folder, or a database.
//!
//! A text that is meant as a URL never becomes a folder: its locks would exclude none of the
//! processes that use the database, or another current directory.

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
        refuse_enclosed(text)?;
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
    match folder.to_str().and_then(Form::of) {
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
        let (scheme, rest) = text.split_once(':')?;
        (is_scheme(scheme) && (rest.starts_with('/') || is_of_postgres(scheme)))
            .then_some(Self::NoSlashes(scheme))
    }

    /// The start of the location, because the rest may contain a password.
    fn redacted(self) -> String {
        match self {
            Self::Url(scheme) => format!("{scheme}://…"),
            Self::NoSlashes(scheme) => format!("{scheme}:…"),
            Self::NoColon(scheme) => format!("{scheme}//…"),
            Self::Pairs(key) => format!("{key}=…"),
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

/// Whether URLs with this scheme are supported, in a build that has the engine.
fn is_supported(scheme: &str) -> bool {
    ["postgres", "postgresql"].iter().any(|ours| scheme.eq_ignore_ascii_case(ours))
}

/// Whether other clients of PostgreSQL use this scheme, or one may be mistaken for it.
fn is_of_postgres(scheme: &str) -> bool {
    let scheme = scheme.to_ascii_lowercase();
    scheme.contains("postgre") || ["jdbc", "pg", "pgsql", "psql"].contains(&&*scheme)
}

const QUOTATION_MARKS: [char; 7] = ['"', '\'', '`', '“', '”', '‘', '’'];

/// Refuses a location with white space or quotation marks around it, which are in the value of a
/// variable if no shell has removed them.
fn refuse_enclosed(text: &str) -> Result<(), LockError> {
    let trimmed = text.trim();
    let bare = trimmed.trim_matches(QUOTATION_MARKS).trim();
    let form = Form::of(bare);
    let is_quoted = trimmed.len() > 1
        && trimmed.starts_with(QUOTATION_MARKS)
        && trimmed.ends_with(QUOTATION_MARKS);
    let (what, remedy) = if is_quoted || (form.is_some() && bare != trimmed) {
        ("a location in quotation marks", "remove them, because no shell does so here")
    } else if trimmed != text {
        ("a location with white space around it", "remove the white space")
    } else {
        return Ok(());
    };
    let location = form.map_or_else(|| text.escape_debug().to_string(), Form::redacted);
    Err(LockError::Unsupported { what, location, remedy: remedy.into() })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(location: &str) -> String {
        Location::parse(OsStr::new(location)).expect_err(location).to_string()
    }

    #[test]
    fn folders_are_folders_however_odd_their_names() {
        for folder in [
            "locks",
            "/srv/app/locks",
            "./host=db1",
            "./postgres:/x",
            "C:\\locks",
            "C:/locks",
            "/srv/a:/b",
            "/srv/postgres//locks",
            "locks//postgres",
            "a b",
            "user/x=1",
            "'90s/locks",
            "über:x",
            "a:b",
            "host",
            "postgres",
            "",
        ] {
            let parsed = Location::parse(OsStr::new(folder));
            assert!(matches!(parsed, Ok(Location::Folder(it)) if it == Path::new(folder)));
            check_folder(Path::new(folder)).unwrap();
        }
    }

    #[cfg(feature = "postgres")]
    #[test]
    fn the_scheme_of_a_database_may_be_in_capitals() {
        for url in
            ["postgres://db1/shop", "postgresql://db1/shop", "Postgres://db1", "POSTGRESQL://"]
        {
            assert!(
                matches!(Location::parse(OsStr::new(url)), Ok(Location::Database(it)) if it == url)
            );
        }
    }

    #[test]
    fn other_spellings_of_a_database_are_refused_with_the_right_one() {
        for (location, shown) in [
            ("host=db1 user=app password=geheim", "host=…"),
            ("user = app host=db1 password=geheim", "user=…"),
            ("password=geheim://x host=db1", "password=…"),
            ("postgres:/app:geheim@db1/shop", "postgres:…"),
            ("postgres:shop?password=geheim", "postgres:…"),
            ("postgres//app:geheim@db1/shop", "postgres//…"),
            ("Postgresql:app:geheim@db1", "Postgresql:…"),
            ("jdbc:postgresql://db1/shop?password=geheim", "jdbc:postgresql://…"),
            ("jdbc:postgresql:shop", "jdbc:…"),
            ("pg://app:geheim@db1/shop", "pg://…"),
            ("pgsql:host=db1;password=geheim", "pgsql:…"),
            ("postgresql+asyncpg://app:geheim@db1/shop", "postgresql+asyncpg://…"),
        ] {
            for text in
                [refusal(location), check_folder(Path::new(location)).unwrap_err().to_string()]
            {
                assert!(text.contains(&format!(" is not supported at {shown}: ")), "{text}");
                assert!(!text.contains("geheim"), "{text}");
            }
            let text = refusal(location);
            assert!(text.contains("write it as postgres://user@host/database"), "{text}");
        }
    }

    #[test]
    fn quotation_marks_and_white_space_are_not_part_of_a_location() {
        for (location, shown, remedy) in [
            ("\"postgres://app:geheim@db1/shop\"", "postgres://…", "remove them"),
            ("'postgres://app:geheim@db1/shop'", "postgres://…", "remove them"),
            ("“postgres://app:geheim@db1/shop”", "postgres://…", "remove them"),
            ("\"postgres://app:geheim@db1/shop", "postgres://…", "remove them"),
            ("' host=db1 password=geheim '", "host=…", "remove them"),
            ("'/srv/app/locks'", "\\'/srv/app/locks\\'", "remove them"),
            (" postgres://app:geheim@db1/shop", "postgres://…", "remove the white space"),
            ("postgres://app:geheim@db1/shop\r\n", "postgres://…", "remove the white space"),
            ("/srv/app/locks\n", "/srv/app/locks\\n", "remove the white space"),
            (" ", " ", "remove the white space"),
        ] {
            let text = refusal(location);
            assert!(text.contains(&format!(" is not supported at {shown}: {remedy}")), "{text}");
            assert!(!text.contains("geheim"), "{text}");
        }
    }

    #[test]
    fn another_engine_is_refused_with_what_this_build_has() {
        for location in ["etcd://me:geheim@db1", "mysql://me:geheim@db1/shop", "file:///srv/locks"]
        {
            let text = refusal(location);
            assert!(text.starts_with("a lock engine of this kind is not supported at "), "{text}");
            assert!(text.contains("name a folder") && !text.contains("geheim"), "{text}");
            assert_eq!(text.contains("feature"), !cfg!(feature = "postgres"), "{text}");
        }
        let text = refusal("mysql:/x");
        assert!(text.contains("a folder of that name is ./mysql:…"), "{text}");
    }

    #[cfg(not(feature = "postgres"))]
    #[test]
    fn the_url_of_a_database_needs_a_build_with_its_engine() {
        let text = refusal("Postgres://app:geheim@db1/shop");
        assert!(text.contains("Postgres://…: build jam-lock with the feature"), "{text}");
    }
}
