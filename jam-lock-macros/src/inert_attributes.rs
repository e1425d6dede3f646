//! Which other attributes of a function do not read its parameters.

use syn::Attribute;

/// The built-in attributes that do not read parameters.
const BUILT_IN: [&str; 18] = [
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
    "instruction_set",
    "link_section",
    "must_use",
    "no_mangle",
    "target_feature",
    "track_caller",
    // As in `#[unsafe(no_mangle)]`.
    "unsafe",
    "warn",
];

/// The tools whose attributes do not read parameters, as in `#[clippy::…]`.
const TOOLS: [&str; 4] = ["clippy", "diagnostic", "rustdoc", "rustfmt"];

/// Whether `attribute` does not read the function's parameters; unknown ones may.
pub(crate) fn is_inert(attribute: &Attribute) -> bool {
    let path = attribute.path();
    let inert: &[&str] = if path.get_ident().is_some() { &BUILT_IN } else { &TOOLS };
    path.segments.first().is_some_and(|first| inert.iter().any(|inert| first.ident == inert))
}
