//! The other attributes of a function.

use syn::Attribute;

/// What only says something about a function, and does not see its parameters.
const INERT: [&str; 18] = [
    "allow",
    "automatically_derived",
    "cold",
    "deny",
    "deprecated",
    "doc",
    "expect",
    "export_name",
    "forbid",
    "inline",
    "link_section",
    "must_use",
    "no_mangle",
    "target_feature",
    "track_caller",
    // With what makes it unsafe inside.
    "unsafe",
    "warn",
    "instruction_set",
];

/// Whose attributes are of that kind.
const TOOLS: [&str; 4] = ["clippy", "diagnostic", "rustdoc", "rustfmt"];

/// Whether an attribute only says something about the function, and does not see its parameters.
pub(crate) fn is_inert(attribute: &Attribute) -> bool {
    let path = attribute.path();
    let known: &[&str] = if path.get_ident().is_some() { &INERT } else { &TOOLS };
    path.segments.first().is_some_and(|first| known.iter().any(|known| first.ident == known))
}
