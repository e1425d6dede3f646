//! What is written here for a word that people try in its place.

/// The argument that was probably meant by `word`, which is none.
pub(crate) fn meant(word: &str) -> Option<String> {
    let meant = match word {
        "wait" | "timeout_secs" | "timeout_ms" | "timeout_seconds" | "deadline" => {
            "`timeout = 10`, in seconds"
        }
        "every" | "once_every" | "at_most_once_every" | "min_interval" | "interval" | "period" => {
            "`at_most_every = 3600`, in seconds"
        }
        "skip" | "on_timeout" | "otherwise" | "fallback" => "`or_else = jam_lock::skip`",
        "held" | "proof" | "bind" => "`guard = held`",
        "read" | "reader" | "readers" => "`shared`",
        "dir" | "folder" | "path" | "location" => "`locks = &locks`",
        "permit" => "`guard = held` and `held.permit()`",
        "permits" | "max" | "limit" => "`\"export\" = 3` in `lock_names!`",
        "at_most" => "`at_most_every = 3600`, or `\"export\" = 3` in `lock_names!`",
        _ => return None,
    };
    Some(meant.to_owned())
}

/// Whether a word without a value is a mistake for an argument, and not a variable with a name.
pub(crate) fn is_no_name(word: &str) -> bool {
    word == "skip"
}
