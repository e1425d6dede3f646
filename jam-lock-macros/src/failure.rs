//! What happens where the lock was not acquired.

use proc_macro2::{Ident, Span, TokenStream};
use quote::{ToTokens, quote, quote_spanned};
use syn::{Expr, ReturnType, Type};

use crate::options::Options;

/// What `or_else` makes of `error`.
pub(crate) fn otherwise(or_else: &Expr, error: &Ident, support: &TokenStream) -> TokenStream {
    let (start, end) = ends(or_else);
    let support = moved(support, start);
    let error = moved(error, end);
    if let Expr::Path(function) = or_else {
        let call = quote_spanned!(end=> (#error));
        return quote!(#function #call);
    }
    // A closure has to be told the type of its argument.
    let function = quote_spanned!(start=> #support::or_else);
    let call = quote_spanned!(end=> (#or_else, #error));
    quote!(#function #call)
}

/// Leaves a function, called `ident`, that returns `output`, without having run its body.
pub(crate) fn leave(
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
        // There is nothing to return: what `or_else` names never comes back.
        (Some(or_else), ReturnType::Type(_, ty)) if matches!(**ty, Type::Never(_)) => {
            otherwise(or_else, error, support)
        }
        (Some(or_else), _) => {
            let value = otherwise(or_else, error, support);
            quote!(return #value)
        }
    }
}

/// What a function returns that was not told what to return.
///
/// All of it stands where the return type is, so that rustc blames that where it has no room for a
/// `LockError`.
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
    let support = moved(support, start);
    let error = moved(error, end);
    let function = quote_spanned!(start=> #support::FromLockError::from_lock_error);
    let call = quote_spanned!(end=> (#error));
    quote!(#function #call)
}

/// Where something starts and where it ends.
///
/// Code that starts and ends there is what rustc underlines in the end.
fn ends(tokens: impl ToTokens) -> (Span, Span) {
    let mut spans = tokens.into_token_stream().into_iter().map(|token| token.span());
    let start = spans.next().unwrap_or_else(Span::call_site);
    (start, spans.last().unwrap_or(start))
}

/// The same tokens in another place, where they mean what they meant.
fn moved(tokens: impl ToTokens, place: Span) -> TokenStream {
    tokens
        .into_token_stream()
        .into_iter()
        .map(|mut token| {
            token.set_span(place.resolved_at(token.span()));
            token
        })
        .collect()
}
