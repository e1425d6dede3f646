//! What a section returns when its lock is not acquired: `or_else`, or else `FromLockError`.

use proc_macro2::{Ident, Span, TokenStream, TokenTree};
use quote::{ToTokens, quote, quote_spanned};
use syn::{Expr, ReturnType, Type};

use crate::options::Options;

/// A call of `or_else` with `error`.
pub(crate) fn call_or_else(or_else: &Expr, error: &Ident, support: &TokenStream) -> TokenStream {
    let (start, end) = ends(or_else);
    if let Expr::Path(function) = or_else {
        let call = quote_spanned!(end=> (#error));
        return quote!(#function #call);
    }
    let (support, error) = (moved(support, start), moved(error, end));
    // Through a function, so that a closure's argument has a type.
    let function = quote_spanned!(start=> #support::or_else);
    let call = quote_spanned!(end=> (#or_else, #error));
    quote!(#function #call)
}

/// Code that returns from the function `ident`, whose return type is `output`, after `error`.
pub(crate) fn return_early(
    ident: &Ident,
    output: &ReturnType,
    options: &Options,
    error: &Ident,
    support: &TokenStream,
) -> TokenStream {
    match (&options.or_else, output) {
        (None, _) => {
            let value = from_lock_error(ident, output, error, support);
            quote!(return #value)
        }
        // `or_else` never returns either, so there is no value to return.
        (Some(or_else), ReturnType::Type(_, ty)) if matches!(**ty, Type::Never(_)) => {
            call_or_else(or_else, error, support)
        }
        (Some(or_else), _) => {
            let value = call_or_else(or_else, error, support);
            quote!(return #value)
        }
    }
}

/// What a function without `or_else` returns.
///
/// All of it has the span of the return type, so that rustc reports the error there if that cannot
/// hold a `LockError`.
fn from_lock_error(
    ident: &Ident,
    output: &ReturnType,
    error: &Ident,
    support: &TokenStream,
) -> TokenStream {
    let (start, end) = match output {
        ReturnType::Default => ends(ident),
        ReturnType::Type(_, ty) => ends(ty),
    };
    let from_lock_error = edges_at(start, quote!(#support::FromLockError));
    let call = quote_spanned!(end=> ::from_lock_error(#error));
    quote!(#from_lock_error #call)
}

/// The spans of the first and the last token.
///
/// rustc underlines code whose own first and last tokens have these spans in the same place.
fn ends(tokens: impl ToTokens) -> (Span, Span) {
    let mut spans = tokens.into_token_stream().into_iter().map(|token| token.span());
    let start = spans.next().unwrap_or_else(Span::call_site);
    (start, spans.last().unwrap_or(start))
}

/// The same tokens, but those that are no words at another location.
///
/// rustc shows a call there if it begins and ends with such tokens, and an editor goes from there to what the words
/// refer to.
pub(crate) fn edges_at(location: Span, tokens: TokenStream) -> TokenStream {
    let located = |mut token: TokenTree| {
        if !matches!(token, TokenTree::Ident(_)) {
            token.set_span(location.resolved_at(token.span()));
        }
        token
    };
    tokens.into_iter().map(located).collect()
}

/// The same tokens at another location, resolved as before.
fn moved(tokens: impl ToTokens, location: Span) -> TokenStream {
    tokens
        .into_token_stream()
        .into_iter()
        .map(|mut token| {
            token.set_span(location.resolved_at(token.span()));
            token
        })
        .collect()
}
