//! Functions to which another attribute has copied `#[locked]`, so that the lock is held for only some
//! calls, or acquired twice in one.

use proc_macro2::{Ident, Span};
use syn::{Error, Result};

use crate::arguments::Arguments;
use crate::lock_name::Name;

/// Rejects a function that another attribute has made, as far as its name shows.
///
/// Such an attribute is above `#[locked]`, and does not see it otherwise: above, `#[locked]` is gone.
pub(crate) fn reject_copy(function: &Ident, arguments: &Arguments) -> Result<()> {
    let Some((attribute, why)) = copied_by(function, function.span().source_text()) else {
        return Ok(());
    };
    let span = arguments.names.first().map_or_else(Span::call_site, Name::span);
    let message = format!("`#[{attribute}]` copies `#[locked]` {why}: put `#[locked]` above it");
    Err(Error::new(span, message))
}

/// The attribute that has made a function of this name, from the name in the source, and what is wrong
/// with that.
fn copied_by(function: &Ident, written: Option<String>) -> Option<(&'static str, &'static str)> {
    const TWICE: &str =
        "to two functions, of which one calls the other and would acquire the lock again";
    let (function, written) = (function.to_string(), written?);
    if function == written {
        return None;
    }
    let is_case = function
        .strip_prefix("case_")
        .is_some_and(|it| it.starts_with(|c: char| c.is_ascii_digit()));
    if ["_no_cache", "_prime_cache"].iter().any(|end| function == format!("{written}{end}")) {
        Some(("cached", TWICE))
    } else if ["__server_", "__"].iter().any(|start| function == format!("{start}{written}")) {
        Some(("server", TWICE))
    } else {
        is_case.then_some(("rstest", "to only some of the cases"))
    }
}

#[cfg(test)]
mod tests {
    use proc_macro2::{Ident, Span};

    use super::copied_by;

    fn attribute(function: &str, written: &str) -> Option<&'static str> {
        let function = Ident::new(function, Span::call_site());
        copied_by(&function, Some(written.to_owned())).map(|(attribute, _)| attribute)
    }

    #[test]
    fn a_copy_is_recognized_by_a_name_that_nobody_wrote() {
        assert_eq!(attribute("answer_no_cache", "answer"), Some("cached"));
        assert_eq!(attribute("answer_prime_cache", "answer"), Some("cached"));
        assert_eq!(attribute("__server_load", "load"), Some("server"));
        assert_eq!(attribute("__load", "load"), Some("server"));
        assert_eq!(attribute("case_1", "#[rstest]"), Some("rstest"));
        assert_eq!(attribute("case_2_of_a_month", "#[rstest]"), Some("rstest"));
    }

    #[test]
    fn a_name_that_somebody_wrote_or_a_macro_made_is_accepted() {
        for name in ["answer_no_cache", "__load", "case_1"] {
            assert_eq!(attribute(name, name), None);
        }
        assert_eq!(attribute("load_invoice", "load_"), None);
        assert_eq!(attribute("load", "$name"), None);
    }
}
