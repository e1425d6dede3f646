//! `on_lost`: whether an async section is dropped when its lock is lost.

use proc_macro2::TokenStream;
use quote::quote;
use syn::{Error, Expr, Result};

use crate::arguments::Arguments;
use crate::hygiene::{Paths, hidden};
use crate::options::Options;

/// An expression that awaits `future`, the body, as part of the owner that holds the guard.
///
/// If the lock is lost meanwhile, the body is dropped at its current `.await`, and `on_error` handles the
/// error. Without `on_error` the body runs to its end.
pub(crate) fn run_under_guard(
    future: &TokenStream,
    paths: &Paths,
    on_error: Option<&TokenStream>,
) -> TokenStream {
    let support = &paths.support;
    let [guard, error] = ["guard", "error"].map(hidden);
    match on_error {
        None => run_in(
            &quote!(#support::section_to_end(&#guard)),
            future,
            &quote!(#support::unwatched(&#error)),
        ),
        Some(on_error) => run_in(&quote!(#support::section_unless_lost(&#guard)), future, on_error),
    }
}

/// An expression that awaits `future`, the body, in `section`.
pub(crate) fn run_in(
    section: &TokenStream,
    future: &TokenStream,
    on_error: &TokenStream,
) -> TokenStream {
    let new_section = section;
    let [section, body, error, value] = ["section", "body", "error", "value"].map(hidden);
    // The body is dropped first, then the section, and then the guard.
    quote! {
        match {
            let mut #section = #new_section;
            let #body = ::core::pin::pin!(#future);
            #section.run(#body).await
        } {
            ::core::result::Result::Ok(#value) => #value,
            ::core::result::Result::Err(#error) => #on_error,
        }
    }
}

/// Whether an async section is dropped when its lock is lost.
///
/// A closure as `or_else` may use variables that the section has already moved, so with one the
/// section runs to its end.
pub(crate) fn is_dropped_when_lost(options: &Options) -> bool {
    let or_else = options.or_else.as_ref();
    options.on_lost.is_none() && or_else.is_none_or(|or_else| matches!(or_else, Expr::Path(_)))
}

/// Rejects `on_lost` on a section that blocks its thread, which cannot be stopped.
pub(crate) fn reject_on_lost(arguments: &Arguments) -> Result<()> {
    let Some(on_lost) = &arguments.options.on_lost else { return Ok(()) };
    let message = "`on_lost` requires an async section, because a blocking one always runs to its \
                   end: remove it, and call `ensure()?` on the guard (`guard = held`) before each \
                   step that needs the lock";
    Err(Error::new_spanned(on_lost, message))
}
