//! "Did you mean …?" for misspelt names and arguments.

use std::fmt::Write;

/// The message for an unknown `word`: suggests what was `meant`, or else the nearest valid word, and
/// lists all of them.
///
/// Each kind of valid words comes with its introduction, such as "the arguments are".
pub(crate) fn unknown(
    kind: &str,
    word: &str,
    meant: Option<String>,
    valid: &[(&str, Vec<&str>)],
) -> String {
    let mut message = format!("unknown {kind} `{word}`");
    let words: Vec<_> = valid.iter().flat_map(|(_, words)| words).copied().collect();
    let nearest = || nearest(word, &words).map(|nearest| format!("`{nearest}`"));
    if let Some(meant) = meant.or_else(nearest) {
        let _ = write!(message, "\ndid you mean {meant}?");
    }
    for (introduction, words) in valid.iter().filter(|(_, words)| !words.is_empty()) {
        let words: Vec<_> = words.iter().map(|word| format!("`{word}`")).collect();
        let _ = write!(message, "\n{introduction} {}", words.join(", "));
    }
    message
}

/// The word of `valid` that was probably meant by `word`.
fn nearest<'a>(word: &str, valid: &[&'a str]) -> Option<&'a str> {
    // A third of the letters may be wrong, but at least one.
    let tolerated = (word.chars().count() / 3).max(1);
    valid
        .iter()
        .map(|valid| (distance(word, valid), *valid))
        .filter(|(distance, _)| *distance <= tolerated)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, valid)| valid)
}

/// How many letters differ, ignoring the names of placeholders.
fn distance(word: &str, valid: &str) -> usize {
    let [word, valid] = [word, valid].map(str::to_lowercase);
    if without_placeholder_names(&word) == without_placeholder_names(&valid) {
        return usize::from(word != valid);
    }
    strsim::damerau_levenshtein(&word, &valid)
}

/// The word with `{` for each placeholder.
fn without_placeholder_names(word: &str) -> String {
    let mut is_inside = false;
    let keep = |c: &char| {
        is_inside = (is_inside || *c == '{') && *c != '}';
        !is_inside || *c == '{'
    };
    word.chars().filter(keep).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const VALID: [&str; 3] = ["invoice_saved", "calculation", "timeout"];

    #[test]
    fn a_typo_gets_a_suggestion() {
        assert_eq!(nearest("invoice_svaed", &VALID), Some("invoice_saved"));
        assert_eq!(nearest("Calculation", &VALID), Some("calculation"));
        assert_eq!(nearest("timout", &VALID), Some("timeout"));
    }

    #[test]
    fn a_different_word_gets_none() {
        assert_eq!(nearest("report", &VALID), None);
        assert_eq!(nearest("", &VALID), None);
    }

    #[test]
    fn names_of_placeholders_are_ignored() {
        let valid = ["customer_{id}", "custom_{number}"];
        assert_eq!(nearest("customer_{customer}", &valid), Some("customer_{id}"));
        assert_eq!(nearest("{shop}_{number}", &["{shop}_{id}"]), Some("{shop}_{id}"));
        assert_eq!(nearest("s_{customer}", &valid), None);
    }
}
