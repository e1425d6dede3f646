//! "Did you mean …?", for whatever is chosen from a list.

use std::fmt::Write;

/// Says that `word` is none of the valid ones, each kind of which is introduced.
pub(crate) fn unknown(kind: &str, word: &str, valid: &[(&str, Vec<&str>)]) -> String {
    let mut message = format!("unknown {kind} `{word}`");
    let words: Vec<_> = valid.iter().flat_map(|(_, words)| words).copied().collect();
    if let Some(nearest) = nearest(word, &words) {
        let _ = write!(message, "\ndid you mean `{nearest}`?");
    }
    for (are, words) in valid.iter().filter(|(_, words)| !words.is_empty()) {
        let words: Vec<_> = words.iter().map(|word| format!("`{word}`")).collect();
        let _ = write!(message, "\n{are} {}", words.join(", "));
    }
    message
}

/// The word of `valid` that `word` was probably meant to be.
fn nearest<'a>(word: &str, valid: &[&'a str]) -> Option<&'a str> {
    // A third of the letters may be wrong, and one even in the shortest word.
    let tolerated = (word.chars().count() / 3).max(1);
    valid
        .iter()
        .map(|valid| (distance(word, valid), *valid))
        .filter(|(distance, _)| *distance <= tolerated)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, valid)| valid)
}

/// How many letters are wrong, where holes may be called anything.
fn distance(word: &str, valid: &str) -> usize {
    let [word, valid] = [word, valid].map(str::to_lowercase);
    if unnamed(&word) == unnamed(&valid) {
        return usize::from(word != valid);
    }
    strsim::damerau_levenshtein(&word, &valid)
}

/// The word, with holes that have no names.
fn unnamed(word: &str) -> String {
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
    fn a_slip_of_the_finger_is_understood() {
        assert_eq!(nearest("invoice_svaed", &VALID), Some("invoice_saved"));
        assert_eq!(nearest("Calculation", &VALID), Some("calculation"));
        assert_eq!(nearest("timout", &VALID), Some("timeout"));
    }

    #[test]
    fn another_word_is_not_guessed_at() {
        assert_eq!(nearest("report", &VALID), None);
        assert_eq!(nearest("", &VALID), None);
    }

    #[test]
    fn a_hole_may_be_called_anything() {
        let valid = ["customer_{id}", "custom_{number}"];
        assert_eq!(nearest("customer_{customer}", &valid), Some("customer_{id}"));
        assert_eq!(nearest("{shop}_{number}", &["{shop}_{id}"]), Some("{shop}_{id}"));
        assert_eq!(nearest("s_{customer}", &valid), None);
    }
}
