//! Errors of a server as [`LockError`]s.

use std::fmt;

use tokio_postgres::Error;
use tokio_postgres::error::SqlState;

use crate::error::LockError;

/// The error of an operation at the server.
pub(super) fn server_error(operation: &str, location: String, error: &Error) -> LockError {
    let code = error.code().map(SqlState::code);
    let is_temporary =
        code.is_none_or(|code| TEMPORARY.iter().any(|class| code.starts_with(class)));
    LockError::engine(operation, location, ServerError { text: describe(error), is_temporary })
}

/// The error of a server that did not answer an operation.
pub(super) fn no_answer(operation: &str, location: String, text: String) -> LockError {
    LockError::engine(operation, location, ServerError { text, is_temporary: true })
}

/// Codes, or how they begin, of what passes by itself: a connection or a resource that is lacking, a
/// server that shuts down or starts.
const TEMPORARY: [&str; 4] = ["08", "53", "57", "58"];

/// Whether an operation may succeed soon although it has failed with `error`.
pub(super) fn is_temporary(error: &LockError) -> bool {
    match error {
        LockError::Engine { error, .. } => {
            error.downcast_ref().is_some_and(|error: &ServerError| error.is_temporary)
        }
        // A standby may be promoted.
        LockError::Unsupported { .. } => true,
        _ => false,
    }
}

/// The error of a server, or of the connection to it.
#[derive(Debug)]
struct ServerError {
    text: String,
    is_temporary: bool,
}

impl fmt::Display for ServerError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl std::error::Error for ServerError {}

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
