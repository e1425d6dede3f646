//! `at_most_every = …`: what excludes it, and the end of a run.

use proc_macro2::{Ident, TokenStream};
use quote::quote;
use syn::Attribute;

use crate::arguments::Arguments;
use crate::errors::Errors;
use crate::hygiene::Paths;

/// Rejects arguments, and attributes of the function, that exclude a period.
pub(crate) fn check(arguments: &Arguments, attributes: &[Attribute], errors: &mut Errors) {
    let Some(period) = &arguments.options.at_most_every else { return };
    // The body would not be in the function itself, so the caller would be another one.
    if attributes.iter().any(|it| it.path().is_ident("track_caller")) {
        let message = "`at_most_every` cannot be combined with `#[track_caller]`: move the body to a \
                       function of its own, and pass it the caller's location";
        errors.at_tokens(period, message);
    }
    if arguments.options.shared.is_some() {
        let message = "`at_most_every` cannot be combined with `shared`: readers run at the same time, so \
                       remove `shared`";
        errors.at_tokens(period, message);
    }
    if arguments.options.reentrant.is_some() {
        let message = "`at_most_every` cannot be combined with `reentrant`: a run inside of a run of the \
                       same lock would always be too soon, so remove one of them";
        errors.at_tokens(period, message);
    }
    if let Some(second) = arguments.names.get(1) {
        let message = "`at_most_every` takes one lock name, under which the last run is recorded: acquire \
                       the other locks inside, by another `#[locked]` function or `locked!`";
        errors.at_span(second.span(), message);
    }
}

/// A statement that ends the run of `guard` with `value`: an `Err` does not count. None without a period.
pub(crate) fn end_run(
    arguments: &Arguments,
    Paths { support, .. }: &Paths,
    guard: &Ident,
    value: &Ident,
) -> Option<TokenStream> {
    arguments.options.at_most_every.as_ref().map(|_| {
        quote! {
            #[allow(unreachable_code, reason = "the body may never end normally")]
            #support::end_run(&#guard, #support::RunEnd::new(&#value).is_failure());
        }
    })
}
