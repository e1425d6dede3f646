//! The identifiers of the items that `lock_names!` makes for a name.

/// The constant of a plain name, such as `INVOICE_SAVED`.
pub(crate) fn constant(name: &str) -> String {
    snake_case(name).to_uppercase()
}

/// The function of a keyed name, such as `customer_id`.
pub(crate) fn function(name: &str) -> String {
    snake_case(name).to_lowercase()
}

/// The type of a name, such as `InvoiceSaved`.
///
/// Constants and types have namespaces of their own, so that `"a"` makes a constant and a type `A`.
pub(crate) fn type_name(name: &str) -> String {
    let mut identifier = String::new();
    for word in words(name) {
        // Without an underscore, `1.12` and `11.2` would be the same.
        let needs_underscore =
            word.starts_with(is_digit) && (identifier.is_empty() || identifier.ends_with(is_digit));
        identifier.extend(needs_underscore.then_some('_'));
        identifier.push_str(&capitalized(&word));
    }
    // The only keyword that starts with a capital letter.
    let suffix = if identifier == "Self" { "_" } else { "" };
    format!("{identifier}{suffix}")
}

/// A name in any case, with `_` for characters that no identifier may contain.
fn snake_case(name: &str) -> String {
    let identifier = words(name).join("_");
    let leading = if identifier.starts_with(is_digit) { "_" } else { "" };
    format!("{leading}{identifier}")
}

/// The parts of a name that an identifier can contain.
fn words(name: &str) -> Vec<String> {
    let is_kept = |c: char| c.is_alphabetic() || is_digit(c);
    let text: String = name.chars().filter(|c| *c != '{' && *c != '}').collect();
    let words = text.split(|c| !is_kept(c)).filter(|word| !word.is_empty());
    words.map(ToOwned::to_owned).collect()
}

fn is_digit(c: char) -> bool {
    c.is_ascii_digit()
}

/// The word with a capital letter, and others only if it has small ones as well.
fn capitalized(word: &str) -> String {
    let word =
        if word.contains(char::is_lowercase) { word.to_owned() } else { word.to_lowercase() };
    let mut letters = word.chars();
    let first = letters.next().into_iter().flat_map(char::to_uppercase);
    first.chain(letters).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_constant_is_as_close_to_its_name_as_possible() {
        for (name, expected) in [
            ("invoice_saved", "INVOICE_SAVED"),
            ("$copying database", "COPYING_DATABASE"),
            ("a.b-c", "A_B_C"),
            ("2026", "_2026"),
            ("zápis", "ZÁPIS"),
            ("$$", ""),
        ] {
            assert_eq!(constant(name), expected);
        }
        assert_eq!(function("customer_{id}"), "customer_id");
        assert_eq!(function("line {order}, {number}"), "line_order_number");
    }

    #[test]
    fn a_type_is_in_camel_case() {
        for (name, expected) in [
            ("invoice_saved", "InvoiceSaved"),
            ("$copying database", "CopyingDatabase"),
            ("a.b-c", "ABC"),
            ("CSV_export", "CsvExport"),
            ("invoiceSaved", "InvoiceSaved"),
            ("customer_{id}", "CustomerId"),
            ("line {order}, {number}", "LineOrderNumber"),
            ("zápis", "Zápis"),
            ("žluťoučký kůň", "ŽluťoučkýKůň"),
            ("在庫 一", "在庫一"),
            ("self", "Self_"),
            ("$$", ""),
        ] {
            assert_eq!(type_name(name), expected);
        }
    }

    #[test]
    fn digits_of_different_words_stay_apart_in_a_type() {
        for (name, expected) in [
            ("2026 budget", "_2026Budget"),
            ("report 1.12", "Report1_12"),
            ("report 11.2", "Report11_2"),
        ] {
            assert_eq!(type_name(name), expected);
        }
    }
}
