//! Which names are portable as file names.
//!
//! The macros ask the same question when the program is compiled: `jam-lock-macros` links to this
//! file, so it may use nothing but the standard library.

/// Longest name in bytes, which leaves room for endings within the 255 bytes of a file name.
pub(crate) const LONGEST: usize = 200;

/// Jam.py deletes every file of its locks folder that starts with this.
const SWEPT_BY_JAM_PY: &str = "$buildID";

/// Why `name` cannot be a lock's name on every platform, or `None` where it can.
pub(crate) fn objection(name: &str) -> Option<String> {
    let forbidden = |c: &char| c.is_control() || r#"/\:*?"<>|"#.contains(*c);
    let edge = |c: char| c == '.' || c == ' ';
    if name.is_empty() {
        return Some("it is empty".to_owned());
    }
    if name.len() > LONGEST {
        return Some(format!("it has {} bytes, and {LONGEST} is the most", name.len()));
    }
    if let Some(c) = name.chars().find(forbidden) {
        return Some(format!("it contains {c:?}, which no file name may have everywhere"));
    }
    if name.starts_with(edge) || name.ends_with(edge) {
        return Some("it starts or ends with a dot or a space".to_owned());
    }
    if is_windows_device(name) {
        return Some("Windows reserves it for a device".to_owned());
    }
    if name.starts_with(SWEPT_BY_JAM_PY) {
        return Some(format!("Jam.py deletes files that start with `{SWEPT_BY_JAM_PY}`"));
    }
    None
}

/// Windows looks at what stands before the first dot, whatever its case.
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
