//! Errors of a server as [`LockError`]s.

use tokio_postgres::Error;
use tokio_postgres::error::SqlState;

use crate::error::LockError;

/// The error of an operation at the server.
pub(super) fn server_error(operation: &str, location: String, error: &Error) -> LockError {
    LockError::engine(operation, location, describe(error))
}

/// The server's message, or else the error with its source, because its own text only names its
/// kind.
pub(super) fn describe(error: &Error) -> String {
    if let Some(reported) = error.as_db_error() {
        let is_gone =
            [SqlState::UNDEFINED_TABLE, SqlState::INVALID_SCHEMA_NAME].contains(reported.code());
        let remedy = if is_gone { ": open the locks again" } else { "" };
        return format!("{} ({}){remedy}", reported.message(), reported.code().code());
    }
    match std::error::Error::source(error) {
        Some(source) => format!("{error}: {source}"),
        None => error.to_string(),
    }
}
