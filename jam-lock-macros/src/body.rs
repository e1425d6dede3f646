//! The body that runs under the lock, as the user wrote it.

use proc_macro2::{Delimiter, Group, Span, TokenStream, TokenTree};
use quote::{ToTokens, quote};
use syn::parse::{ParseStream, Parser};
use syn::{Attribute, Path, Result, Token, braced};

use crate::scan::is_punct;

/// A block in the user's braces, whose tokens are passed on unparsed.
///
/// The braces carry the user's edition, which decides when temporaries in the tail are dropped.
/// Unless they start with an item, they start with a statement without effect, because lints would
/// otherwise object to braces around a single expression or `return`.
#[derive(Clone)]
pub(crate) struct Body {
    content: TokenStream,
    /// The span of its braces.
    span: Span,
}

impl Body {
    /// Parses the block of `locked!`.
    pub(crate) fn parse_block(input: ParseStream) -> Result<Self> {
        Self::parse_after(input, |_| Ok(())).map(|((), body)| body)
    }

    /// Parses a function's body and its inner attributes.
    pub(crate) fn parse_function(input: ParseStream) -> Result<(Vec<Attribute>, Self)> {
        Self::parse_after(input, Attribute::parse_inner)
    }

    /// If the body is just `Box::pin(async move { … })`: the path `Box::pin`, and the block.
    pub(crate) fn split_box_pin(&self) -> Option<(TokenStream, Self)> {
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
            let block = Self::parse_block(input)?;
            input.parse::<Option<Token![,]>>()?;
            Ok(block)
        };
        Some((function, future.parse2(parentheses.stream()).ok()?))
    }

    /// Parses a block that starts with something else.
    fn parse_after<T>(
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

    /// The same block around other content, if there is any.
    pub(crate) fn try_map(
        self,
        content: impl FnOnce(TokenStream) -> Option<TokenStream>,
    ) -> Option<Self> {
        Some(Self { content: content(self.content)?, ..self })
    }

    /// The tokens between its braces.
    pub(crate) fn content(&self) -> &TokenStream {
        &self.content
    }

    /// Puts `tokens` into braces at the span of the body's own.
    pub(crate) fn braces_around(&self, tokens: TokenStream) -> Group {
        let mut braces = Group::new(Delimiter::Brace, tokens);
        braces.set_span(self.span);
        braces
    }
}

impl ToTokens for Body {
    fn to_tokens(&self, tokens: &mut TokenStream) {
        let content = &self.content;
        // Lints object to items behind a statement as well.
        let start = (!starts_with_item(content)).then(|| quote!(let () = ();));
        self.braces_around(quote!(#start #content)).to_tokens(tokens);
    }
}

/// Whether the first statement is an item, as far as its first words show.
fn starts_with_item(content: &TokenStream) -> bool {
    let mut tokens = content.clone().into_iter().peekable();
    while tokens.next_if(|token| is_punct(token, '#')).is_some() {
        tokens.next();
    }
    let Some(TokenTree::Ident(word)) = tokens.next() else { return false };
    match word.to_string().as_str() {
        "enum" | "extern" | "fn" | "impl" | "macro_rules" | "mod" | "pub" | "static" | "struct"
        | "trait" | "type" | "use" => true,
        // Otherwise it is the beginning of a block.
        "const" | "unsafe" | "async" => {
            matches!(tokens.next(), Some(TokenTree::Ident(word)) if word != "move")
        }
        _ => false,
    }
}
