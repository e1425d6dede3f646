//! The text of a keyed name: portable as a file name, and different for different keys.
//!
//! In a key, `a` to `z`, `0` to `9` and `-` are kept, and every other byte is escaped as `%` and two
//! digits. `lock_names!` requires another character between two placeholders, so the keys can be told apart,
//! and different keys never share a text.

use std::fmt::Write;

use super::digest::sha256;
use super::portable::{self, LONGEST};

/// Replaces an empty key; an escape has two digits.
const EMPTY: &str = "%0";

/// Precedes the digest of a text that is too long; no escape starts like this.
const DIGEST: &str = "%-";

/// The text of a name with these `literals` around its placeholders, and these `keys` in them.
pub(super) fn text(literals: &[&str], keys: &[String]) -> String {
    let text = shortened(joined(literals, keys, false));
    if portable::objection(&text).is_none() {
        return text;
    }
    // It is the name of a Windows device; no device has a `%` in its name.
    shortened(joined(literals, keys, true))
}

/// The text at its full length; `escapes_first` escapes even an allowed first character of the keys.
fn joined(literals: &[&str], keys: &[String], escapes_first: bool) -> String {
    let mut text = literals[0].to_owned();
    let mut escapes_next = escapes_first;
    for (key, literal) in keys.iter().zip(&literals[1..]) {
        if key.is_empty() {
            text.push_str(EMPTY);
        }
        for byte in key.bytes() {
            let is_kept = byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
            if is_kept && !std::mem::take(&mut escapes_next) {
                text.push(char::from(byte));
            } else {
                let _ = write!(text, "%{byte:02x}");
            }
        }
        text.push_str(literal);
    }
    text
}

/// The text; if it is too long, its beginning and the digest of all of it.
fn shortened(text: String) -> String {
    if text.len() <= LONGEST {
        return text;
    }
    let digest = sha256(text.as_bytes());
    let mut end = LONGEST - DIGEST.len() - digest.len();
    while !text.is_char_boundary(end) || text[..end].ends_with('%') {
        end -= 1;
    }
    if text[..end - 1].ends_with('%') {
        end -= 2;
    }
    format!("{}{DIGEST}{digest}", &text[..end])
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const CASES: [&[&str]; 8] = [
        &["", ""],
        &["customer_", ""],
        &["", "b1"],
        &["com", ""],
        &["", ".lock"],
        &["", "_", ""],
        &["a_", "-_", "b"],
        &["Kunde ", ", ", " (", ")"],
    ];

    fn made(literals: &[&str], keys: &[&str]) -> String {
        let keys: Vec<_> = keys.iter().map(|key| (*key).to_owned()).collect();
        text(literals, &keys)
    }

    #[test]
    fn portable_characters_are_kept() {
        assert_eq!(made(&["customer_", ""], &["7"]), "customer_7");
        assert_eq!(made(&["", "_", ""], &["2026-11", "a"]), "2026-11_a");
    }

    #[test]
    fn all_other_characters_are_escaped() {
        assert_eq!(made(&["customer_", ""], &["Ann Lee"]), "customer_%41nn%20%4cee");
        assert_eq!(made(&["customer_", ""], &["../é_%"]), "customer_%2e%2e%2f%c3%a9%5f%25");
        assert_eq!(made(&["customer_", ""], &[""]), "customer_%0");
    }

    #[test]
    fn no_key_makes_the_name_of_a_windows_device() {
        assert_eq!(made(&["", ""], &["nul"]), "%6eul");
        assert_eq!(made(&["com", ""], &["1"]), "com%31");
        assert_eq!(made(&["", ".lock"], &["aux"]), "%61ux.lock");
    }

    #[test]
    fn a_text_that_is_too_long_ends_with_a_digest() {
        let long = made(&["customer_", ""], &["x".repeat(192).as_str()]);
        assert_eq!(long.len(), 200);
        assert!(long.starts_with("customer_xxx") && long[..137].contains("x%-"), "{long}");
        let longest = made(&["customer_", ""], &["x".repeat(191).as_str()]);
        assert_eq!(longest, format!("customer_{}", "x".repeat(191)));
    }

    #[test]
    fn no_character_is_cut_in_half() {
        for (literals, key) in [(["é", ""], "Z"), (["", ""], "É")] {
            for shift in 0..8 {
                let key = "x".repeat(shift) + &key.repeat(200);
                let long = made(&literals, &[&key]);
                let (start, _) = long.rsplit_once("%-").expect("a digest");
                let escapes = start.split('%').skip(1);
                assert!(escapes.into_iter().all(|escape| escape.len() >= 2), "{long}");
            }
        }
    }

    /// Keys that are likely to collide: short ones, of characters that are kept, escaped or special.
    fn key() -> impl Strategy<Value = String> {
        prop_oneof![
            "[-a-b0-2%_A ]{0,4}",
            "(con|nul|com1|CON|Nul|%0|%6e|%2d|%-|ß|ẞ|İ|i|K|k)",
            "\\PC{0,6}",
            "[ab]{190,205}",
            "[aé%]{150,160}",
        ]
    }

    /// Keys that a wrong way to escape would not distinguish from `keys`.
    fn confusable(keys: &[String]) -> Vec<Vec<String>> {
        let each = |change: fn(&str) -> String| keys.iter().map(|key| change(key)).collect();
        let joined = keys.join("_");
        vec![
            each(str::to_uppercase),
            each(str::to_lowercase),
            each(|key| key.replace('A', "%41")),
            each(|key| key.replace("%2", "")),
            joined.splitn(keys.len(), '_').map(str::to_owned).collect(),
            each(|key| key.chars().take(150).collect()),
        ]
    }

    proptest! {
        #![proptest_config(ProptestConfig {
            cases: 2_000,
            failure_persistence: None,
            ..ProptestConfig::default()
        })]

        #[test]
        fn different_keys_never_share_a_file_name_whatever_its_case(
            at in 0..CASES.len(),
            one in prop::collection::vec(key(), 3),
            other in prop::collection::vec(key(), 3),
        ) {
            let placeholders = CASES[at].len() - 1;
            let one = &one[..placeholders];
            let here = text(CASES[at], one);
            for other in confusable(one).into_iter().chain([other[..placeholders].to_vec()]) {
                let there = text(CASES[at], &other);
                let is_same = one == other;
                prop_assert_eq!(is_same, here.to_lowercase() == there.to_lowercase(), "{}", there);
                prop_assert_eq!(is_same, here.to_uppercase() == there.to_uppercase(), "{}", there);
            }
        }

        #[test]
        fn a_name_is_portable_whatever_its_keys_and_so_never_leaves_the_folder(
            at in 0..CASES.len(),
            keys in prop::collection::vec(key(), 3),
        ) {
            let text = text(CASES[at], &keys[..CASES[at].len() - 1]);
            prop_assert_eq!(portable::objection(&text), None, "{}", text);
            prop_assert_eq!(std::path::Path::new(&text).components().count(), 1);
        }
    }
}
