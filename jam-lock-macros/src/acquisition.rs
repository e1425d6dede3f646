//! The code that acquires what the arguments ask for.

use proc_macro2::{Ident, Span, TokenStream};
use quote::{ToTokens, quote, quote_spanned};
use syn::spanned::Spanned;

use crate::arguments::{Arguments, Name, Options};
use crate::timeout::Timeout;

/// Where generated code finds what it calls.
pub(crate) struct Places {
    /// The runtime's `macro_support`.
    pub(crate) support: TokenStream,
    /// The registry that knows the literals.
    pub(crate) names: TokenStream,
}

impl Places {
    /// What the options say, and `runtime` and `names` where they are silent.
    pub(crate) fn new(options: &Options, runtime: TokenStream, names: TokenStream) -> Self {
        let runtime = options.runtime.as_ref().map_or(runtime, ToTokens::to_token_stream);
        Self {
            support: quote!(#runtime::macro_support),
            names: options.names.as_ref().map_or(names, ToTokens::to_token_stream),
        }
    }
}

/// An expression that is a `Result<LockGuard, LockError>`.
pub(crate) fn acquire(Arguments { name, options }: &Arguments, places: &Places) -> TokenStream {
    let Places { support, names } = places;
    let name = match name {
        Name::Literal(literal) => quote_spanned!(literal.span()=> #names::name! { #literal }),
        // The declared type makes rustc blame the expression alone where it is of another one.
        Name::Expression(expression) => {
            let name = hidden("name");
            let expected = quote_spanned!(expression.span()=> #support::LockName);
            quote!({ let #name: #expected = #expression; #name })
        }
    };
    let timeout = options.timeout.as_ref().unwrap_or(&Timeout::Forever).tokens(support);
    match &options.locks {
        None => quote!(#support::acquire(#name, #timeout)),
        Some(locks) => {
            let locks = quote_spanned!(locks.span()=> &(#locks));
            quote!(#support::acquire_of(#locks, #name, #timeout))
        }
    }
}

/// A variable that the user's code cannot see.
pub(crate) fn hidden(name: &str) -> Ident {
    Ident::new(name, Span::mixed_site())
}
