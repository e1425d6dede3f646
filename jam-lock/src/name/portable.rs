//! Which names are portable as file names.
//!
//! `jam-lock` checks names at run time, `jam-lock-macros` the declared ones at compile time. A
//! proc-macro crate exports no functions, so each has this file; a test compares the two.

/// Longest name in bytes, which leaves room for suffixes within the 255 bytes of a file name.
pub(crate) const LONGEST: usize = 200;

/// Jam.py deletes every file in its locks folder whose name starts with this.
const DELETED_BY_JAM_PY: &str = "$buildID";

/// Precedes the number of a permit in the names of the locks that stand for permits; no name has it.
pub(crate) const PERMIT: &str = "%~";

/// Why `name` is not a valid lock name on every platform, or `None` if it is.
pub(crate) fn objection(name: &str) -> Option<String> {
    let is_forbidden = |c: &char| c.is_control() || r#"/\:*?"<>|"#.contains(*c);
    let is_forbidden_at_edge = |c: char| c == '.' || c == ' ';
    if name.is_empty() {
        return Some("it is empty".to_owned());
    }
    if name.len() > LONGEST {
        return Some(format!("it is {} bytes long; the maximum is {LONGEST}", name.len()));
    }
    if let Some(c) = name.chars().find(is_forbidden) {
        return Some(format!("it contains {c:?}, which is not portable in file names"));
    }
    if name.starts_with(is_forbidden_at_edge) || name.ends_with(is_forbidden_at_edge) {
        return Some("it starts or ends with a dot or a space".to_owned());
    }
    if is_windows_device(name) {
        return Some("it is a reserved device name on Windows".to_owned());
    }
    if name.starts_with(DELETED_BY_JAM_PY) {
        return Some(format!("Jam.py deletes files whose names start with `{DELETED_BY_JAM_PY}`"));
    }
    if name.contains(PERMIT) {
        return Some(format!("it contains `{PERMIT}`, which is reserved for permits"));
    }
    None
}

/// Windows compares only the part before the first dot, and ignores case.
fn is_windows_device(name: &str) -> bool {
    let stem = name.split('.').next().unwrap_or(name).trim_end().to_ascii_uppercase();
    match stem.as_str() {
        "CON" | "PRN" | "AUX" | "NUL" | "CONIN$" | "CONOUT$" => true,
        _ => ["COM", "LPT"].iter().any(|port| {
            stem.strip_prefix(port).is_some_and(|number| {
                let mut digits = number.chars();
                digits.next().is_some_and(|c| c.is_ascii_digit() || "¹²³".contains(c))
                    && digits.next().is_none()
            })
        }),
    }
}
