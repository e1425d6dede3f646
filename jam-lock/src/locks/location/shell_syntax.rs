//! What a shell removes from a location, or replaces in it, which other readers of a variable do not.
//!
//! The files of systemd, cron and Docker keep quotation marks, and expand neither `~` nor `$HOME`. A folder
//! of such a name would be another one for each current directory.

use super::Form;
use crate::error::LockError;

const QUOTATION_MARKS: [char; 7] = ['"', '\'', '`', '“', '”', '‘', '’'];

/// Refuses a location that only a shell would have made a valid one.
pub(super) fn check(text: &str) -> Result<(), LockError> {
    check_bare(text)?;
    check_expanded(text)
}

/// Refuses a location with white space or quotation marks around it, which are in the value of a
/// variable if no shell has removed them.
fn check_bare(text: &str) -> Result<(), LockError> {
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

/// Refuses a folder in a home directory or a variable that no shell has replaced.
pub(super) fn check_expanded(text: &str) -> Result<(), LockError> {
    // Anything may be in the password of a URL.
    let is_variable = text.starts_with('$') || is_windows_variable(text);
    let what = if text.starts_with('~') {
        "a location with `~`"
    } else if is_variable || (text.contains("${") && Form::of(text).is_none()) {
        "a location with a variable"
    } else {
        return Ok(());
    };
    let location = text.escape_debug().to_string();
    let remedy = format!(
        "write the whole path, because only a shell expands it; a folder of that name is ./{location}"
    );
    Err(LockError::Unsupported { what, location, remedy: remedy.into() })
}

/// Whether a text begins with a variable of Windows, such as `%APPDATA%`.
fn is_windows_variable(text: &str) -> bool {
    let name = text.strip_prefix('%').and_then(|rest| rest.split_once('%')).map(|(name, _)| name);
    name.is_some_and(|name| {
        !name.is_empty() && name.bytes().all(|it| it.is_ascii_alphanumeric() || it == b'_')
    })
}
