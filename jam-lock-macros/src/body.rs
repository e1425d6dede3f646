//! What runs under the lock, as it was written.

use proc_macro2::{Delimiter, Group, Span, TokenStream, TokenTree};
use quote::{ToTokens, quote};
use syn::parse::{ParseStream, Parser};
use syn::{Attribute, Path, Result, Token, braced};

/// A block in the user's braces, whose tokens are passed on unread.
///
/// The braces carry the user's edition, which decides when temporaries in the tail are dropped. A
/// statement of no effect opens them, or else lints would object to braces around an expression,
/// or around nothing but a `return`, where they stand now.
pub(crate) struct Body {
    content: TokenStream,
    /// Where its braces stand.
    span: Span,
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

    /// Takes `Box::pin(async move { … })` apart, where that is all there is: into what is called,
    /// and the block.
    pub(crate) fn boxed(&self) -> Option<(TokenStream, Self)> {
        let content: Vec<_> = self.content.clone().into_iter().collect();
        let (TokenTree::Group(parentheses), function) = content.split_last()? else { return None };
        let function: TokenStream = function.iter().cloned().collect();
        let path: Path = syn::parse2(function.clone()).ok()?;
        let mut names = path.segments.iter().rev().map(|segment| &segment.ident);
        if names.next()? != "pin" || names.next()? != "Box" {
            return None;
        }
        let future = |input: ParseStream| {
            input.parse::<Token![async]>()?;
            input.parse::<Option<Token![move]>>()?;
            let block = Self::block(input)?;
            input.parse::<Option<Token![,]>>()?;
            Ok(block)
        };
        Some((function, future.parse2(parentheses.stream()).ok()?))
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
        Ok((start, Self { content, span: token.span.join() }))
    }

    /// The same block around other content.
    pub(crate) fn map(self, content: impl FnOnce(TokenStream) -> TokenStream) -> Self {
        Self { content: content(self.content), ..self }
    }

    /// What stands between its braces.
    pub(crate) fn content(&self) -> &TokenStream {
        &self.content
    }

    /// Puts `tokens` into braces that stand where the body's are.
    pub(crate) fn braces_around(&self, tokens: TokenStream) -> Group {
        let mut braces = Group::new(Delimiter::Brace, tokens);
        braces.set_span(self.span);
        braces
    }
}

impl ToTokens for Body {
    fn to_tokens(&self, tokens: &mut TokenStream) {
        let content = &self.content;
        self.braces_around(quote!(let () = (); #content)).to_tokens(tokens);
    }
}
