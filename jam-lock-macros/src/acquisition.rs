//! The expression that acquires the locks as the arguments request.

use proc_macro2::TokenStream;
use quote::{quote, quote_spanned};
use syn::Expr;
use syn::spanned::Spanned;

use crate::arguments::Arguments;
use crate::hygiene::{Paths, hidden};
use crate::options::Options;
use crate::requested_names::requested_names;

/// How a section waits for its locks.
#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Wait {
    /// By blocking the thread.
    Blocking,
    /// As a future.
    Async,
    /// As a part of the future that runs its body.
    WithBody,
}

/// An expression that is a `Result` of a guard, or of guards if there are several names; with
/// [`Wait::WithBody`], a section that acquires the lock.
///
/// `function` is a path that ends in the function's name, or in a closure inside it.
///
/// Whatever the arguments borrow is released before the wait, except `locks`: the future would
/// have to store it.
pub(crate) fn acquire(
    arguments: &Arguments,
    paths: &Paths,
    function: &TokenStream,
    wait: Wait,
) -> TokenStream {
    let support = &paths.support;
    let Options { timeout, shared, reentrant, recover, locks, or_else, at_most_every, .. } =
        &arguments.options;
    let [request, limit, period] = ["request", "limit", "period"].map(hidden);

    let names = requested_names(arguments, paths);
    let new_request = quote!(#support::request(#names, #function));
    let let_limit = timeout.as_ref().map(|timeout| {
        let timeout = timeout.tokens(support);
        quote!(let #limit = #timeout;)
    });
    let timeout = timeout.as_ref().map(|_| quote!(.timeout(#limit)));
    let let_period = at_most_every.as_ref().map(|at_most_every| {
        let value = at_most_every.tokens(support);
        quote!(let #period = #value;)
    });
    let at_most_every = at_most_every.as_ref().map(|_| quote!(.at_most_every(#period)));
    let shared = shared.map(|()| quote!(.shared()));
    let reentrant = reentrant.map(|()| quote!(.reentrant()));
    let without_holder =
        or_else.as_ref().filter(|it| is_skip(it)).map(|_| quote!(.without_holder()));
    let needs_record = recover.as_ref().map(|_| quote!(.needs_record()));
    let from_locks = locks.as_ref().map(|locks| {
        let locks = quote_spanned!(locks.span()=> &(#locks));
        quote!(.from_locks(#locks))
    });
    let acquire = match wait {
        Wait::Blocking => quote!(.acquire()),
        Wait::Async => quote!(.acquire_async().await),
        Wait::WithBody => quote!(.section()),
    };
    quote! {{
        let #request = #new_request;
        #let_limit
        #let_period
        #request #timeout #at_most_every #shared #reentrant #without_holder #needs_record
            #from_locks #acquire
    }}
}

/// Whether `or_else` names `jam_lock::skip`, which ignores the holder in a timeout error.
fn is_skip(or_else: &Expr) -> bool {
    let Expr::Path(function) = or_else else { return false };
    function.path.segments.last().is_some_and(|segment| segment.ident == "skip")
}
