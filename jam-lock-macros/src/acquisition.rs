//! The expression that acquires the locks as the arguments request.

use proc_macro2::{Span, TokenStream};
use quote::{quote, quote_spanned};
use syn::Expr;
use syn::spanned::Spanned;

use crate::arguments::{Arguments, Name};
use crate::hygiene::{Paths, beside, hidden};
use crate::options::Options;

/// How a section waits for its locks.
#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Wait {
    /// By blocking the thread.
    Blocking,
    /// As a future.
    Async,
}

/// An expression that is a `Result` of a guard, or of guards if there are several names.
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
    let Options { timeout, shared, reentrant, recover, locks, or_else, .. } = &arguments.options;
    let [request, limit] = ["request", "limit"].map(hidden);

    let names = arguments.names.iter().map(|name| lock_name(name, arguments, paths));
    let new_request = if arguments.has_one_name() {
        quote!(#support::request(#(#names)*, #function))
    } else {
        quote!(#support::request_all([#(#names),*], #function))
    };
    let let_limit = timeout.as_ref().map(|timeout| {
        let timeout = timeout.tokens(support);
        quote!(let #limit = #timeout;)
    });
    let timeout = timeout.as_ref().map(|_| quote!(.timeout(#limit)));
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
    };
    quote! {{
        let #request = #new_request;
        #let_limit
        #request #timeout #shared #reentrant #without_holder #needs_record #from_locks #acquire
    }}
}

/// Whether `or_else` names `jam_lock::skip`, which ignores the holder in a timeout error.
fn is_skip(or_else: &Expr) -> bool {
    let Expr::Path(function) = or_else else { return false };
    function.path.segments.last().is_some_and(|segment| segment.ident == "skip")
}

/// An expression of type `LockName`.
fn lock_name(name: &Name, arguments: &Arguments, Paths { support, names }: &Paths) -> TokenStream {
    match name {
        Name::Literal(literal, placeholders) => {
            let keys = placeholders.iter().map(|placeholder| {
                let key = arguments.key(placeholder);
                // rustc reports a value that is not `Display` at its own span.
                let span = key.clone().into_iter().next();
                let span = span.map_or(placeholder.span(), |token| token.span());
                quote_spanned!(span=> &#key)
            });
            let keys = (!placeholders.is_empty()).then(|| quote!((#(#keys),*)));
            let span = beside(literal.span());
            quote_spanned!(span=> #names::name! { [#names] #literal #keys })
        }
        // It is borrowed, like the values of placeholders and `locks`.
        Name::Expression(expression) => {
            let borrowed = quote_spanned!(expression.span()=> (&(#expression)));
            let span = expression.span().resolved_at(Span::mixed_site());
            let name = quote_spanned!(span=> lock_name);
            quote!(#support::#name #borrowed)
        }
    }
}
