//! "Did you mean …?", for whatever is chosen from a list.

use std::fmt::Write;

/// Says that `word` is none of the `valid` ones, which `are` introduces.
pub(crate) fn unknown<S: AsRef<str>>(kind: &str, word: &str, are: &str, valid: &[S]) -> String {
    let mut message = format!("unknown {kind} `{word}`");
    if let Some(nearest) = nearest(word, valid) {
        let _ = write!(message, "\ndid you mean `{nearest}`?");
    }
    let valid: Vec<_> = valid.iter().map(|valid| format!("`{}`", valid.as_ref())).collect();
    let _ = write!(message, "\n{are} {}", valid.join(", "));
    message
}

/// The word of `valid` that `word` was probably meant to be.
fn nearest<'a, S: AsRef<str>>(word: &str, valid: &'a [S]) -> Option<&'a str> {
    // A third of the letters may be wrong, and one even in the shortest word.
    let tolerated = (word.chars().count() / 3).max(1);
    valid
        .iter()
        .map(AsRef::as_ref)
        .map(|valid| (distance(word, valid), valid))
        .filter(|(distance, _)| *distance <= tolerated)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, valid)| valid)
}

fn distance(word: &str, valid: &str) -> usize {
    strsim::damerau_levenshtein(&word.to_lowercase(), &valid.to_lowercase())
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
}
