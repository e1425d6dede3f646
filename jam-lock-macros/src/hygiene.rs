//! What generated code refers to: paths, and variables that user code cannot see.

use proc_macro2::{Ident, Span, TokenStream};
use quote::{ToTokens, quote};

use crate::options::Options;

/// The paths to what generated code calls.
pub(crate) struct Paths {
    /// The runtime's `macro_support`.
    pub(crate) support: TokenStream,
    /// The registry that declares the names.
    pub(crate) names: TokenStream,
}

impl Paths {
    /// The paths given as arguments, or else `runtime` and `names`.
    pub(crate) fn new(options: &Options, runtime: TokenStream, names: TokenStream) -> Self {
        let runtime = options.runtime.as_ref().map_or(runtime, ToTokens::to_token_stream);
        Self {
            support: quote!(#runtime::macro_support),
            names: options.names.as_ref().map_or(names, ToTokens::to_token_stream),
        }
    }
}

/// A variable that the user's code cannot see.
pub(crate) fn hidden(name: &str) -> Ident {
    Ident::new(name, Span::mixed_site())
}

/// A span that resolves as that of a name does, but is elsewhere.
///
/// An editor goes from a name to everything whose path is at the name's span, so only the path to its
/// declaration is there.
pub(crate) fn beside(name: Span) -> Span {
    name.located_at(Span::call_site())
}
