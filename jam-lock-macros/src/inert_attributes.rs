//! Which other attributes of a function do not read its parameters, and what the others read.

use proc_macro2::{Group, TokenStream, TokenTree};
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
/// These are the words in their arguments, and for `instrument` all parameters that it does not skip.
pub(crate) fn uses(attributes: &[Attribute], parameters: &TokenStream) -> TokenStream {
    let mut used = TokenStream::new();
    for attribute in attributes.iter().filter(|attribute| !is_inert(attribute)) {
        let arguments = match &attribute.meta {
            Meta::List(list) => list.tokens.clone(),
            _ => TokenStream::new(),
        };
        let mut skipped = Vec::new();
        let mut skips_all = false;
        let mut arguments = arguments.into_iter();
        while let Some(token) = arguments.next() {
            match &token {
                TokenTree::Ident(word) if word == "skip_all" => skips_all = true,
                TokenTree::Ident(word) if word == "skip" => {
                    if let Some(TokenTree::Group(names)) = arguments.next() {
                        skipped.extend(names.stream().into_iter().map(|name| name.to_string()));
                    }
                }
                _ => used.extend([token]),
            }
        }
        if attribute.path().segments.last().is_some_and(|it| it.ident == "instrument") && !skips_all
        {
            used.extend(without(&skipped, parameters.clone()));
        }
    }
    used
}

/// The tokens that are none of `words`.
fn without(words: &[String], tokens: TokenStream) -> TokenStream {
    let others = tokens.into_iter().filter_map(|token| match token {
        TokenTree::Group(group) => {
            Some(Group::new(group.delimiter(), without(words, group.stream())).into())
        }
        other => (!words.contains(&other.to_string())).then_some(other),
    });
    others.collect()
}
