//! Which other attributes of a function do not read its parameters, and what the others read.

use proc_macro2::{TokenStream, TokenTree};
use syn::{Attribute, Meta};

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

/// What the other attributes use: a parameter that is only for them is not unused.
///
/// These are the words in their arguments, except what `instrument` skips. Without `skip`, it records all
/// parameters.
pub(crate) fn uses(attributes: &[Attribute], parameters: &TokenStream) -> TokenStream {
    let mut used = TokenStream::new();
    for attribute in attributes.iter().filter(|attribute| !is_inert(attribute)) {
        let arguments = match &attribute.meta {
            Meta::List(list) => list.tokens.clone(),
            _ => TokenStream::new(),
        };
        let mut skips = false;
        let mut arguments = arguments.into_iter();
        while let Some(token) = arguments.next() {
            match &token {
                TokenTree::Ident(word) if word == "skip" || word == "skip_all" => {
                    // The skipped parameters, or a comma.
                    skips = arguments.next().is_some() || word == "skip_all";
                }
                _ => used.extend([token]),
            }
        }
        if attribute.path().segments.last().is_some_and(|it| it.ident == "instrument") && !skips {
            used.extend(parameters.clone());
        }
    }
    used
}
