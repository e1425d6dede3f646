//! What runs under the lock, as it was written.

use proc_macro2::{Delimiter, Group, TokenStream};
use quote::{ToTokens, quote};
use syn::parse::ParseStream;
use syn::{Attribute, Result, braced};

/// A block in the user's braces, whose tokens are passed on unread.
///
/// The braces carry the user's edition, which decides when temporaries in the tail are dropped. A
/// statement of no effect opens them, or else lints would object to braces around an expression,
/// or around nothing but a `return`, where they stand now.
pub(crate) struct Body {
    braces: Group,
}

impl Body {
    /// Reads the block of `locked!`.
    pub(crate) fn block(input: ParseStream) -> Result<Self> {
        Self::after(input, |_| Ok(())).map(|((), body)| body)
    }

    /// Reads a function's body, and its inner attributes, which no other braces may have.
    pub(crate) fn function(input: ParseStream) -> Result<(Vec<Attribute>, Self)> {
        Self::after(input, Attribute::parse_inner)
    }

    /// Reads a block that starts with something else.
    fn after<T>(
        input: ParseStream,
        start: impl FnOnce(ParseStream) -> Result<T>,
    ) -> Result<(T, Self)> {
        let content;
        let token = braced!(content in input);
        let start = start(&content)?;
        let content: TokenStream = content.parse()?;
        let mut braces = Group::new(Delimiter::Brace, quote!(let () = (); #content));
        braces.set_span(token.span.join());
        Ok((start, Self { braces }))
    }

    /// Puts `tokens` into braces that stand where the body's are.
    pub(crate) fn braces_around(&self, tokens: TokenStream) -> Group {
        let mut braces = Group::new(Delimiter::Brace, tokens);
        braces.set_span(self.braces.span());
        braces
    }
}

impl ToTokens for Body {
    fn to_tokens(&self, tokens: &mut TokenStream) {
        self.braces.to_tokens(tokens);
    }
}
