//! Errors of a server as [`LockError`]s.

use tokio_postgres::Error;

use crate::error::LockError;

/// What failed between here and the server.
pub(super) fn server_error(operation: &str, location: String, error: &Error) -> LockError {
    LockError::engine(operation, location, describe(error))
}

/// What the server reported, or else the error with its cause: its own text only names its kind.
pub(super) fn describe(error: &Error) -> String {
    if let Some(reported) = error.as_db_error() {
        return format!("{} ({})", reported.message(), reported.code().code());
    }
    match std::error::Error::source(error) {
        Some(source) => format!("{error}: {source}"),
        None => error.to_string(),
    }
}
