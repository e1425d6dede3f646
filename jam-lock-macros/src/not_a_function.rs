//! What `#[locked]` was applied to instead of a function.

use proc_macro2::TokenStream;
use syn::parse::{ParseStream, Parser};
use syn::{Attribute, Result, Token, token};

/// The error, with what to do instead.
pub(crate) fn message(input: ParseStream) -> &'static str {
    if input.peek(Token![impl]) || input.peek(Token![trait]) || input.peek(Token![mod]) {
        "`#[locked]` can only be applied to a function: apply it to those inside"
    } else {
        "`#[locked]` can only be applied to a function: to lock a block, a statement or the body of \
         a closure, write `locked!(\"…\", { … })`"
    }
}

/// Whether it is a block or a closure, to which the compiler applies no attributes at all.
pub(crate) fn is_expression(item: &TokenStream) -> bool {
    let parse = |input: ParseStream| -> Result<bool> {
        input.call(Attribute::parse_outer)?;
        let is_async = input.peek(Token![async]);
        let is_block = input.peek(token::Brace)
            || (is_async || input.peek(Token![unsafe])) && input.peek2(token::Brace);
        let is_closure = input.peek(Token![|])
            || input.peek(Token![move])
            || is_async && (input.peek2(Token![|]) || input.peek2(Token![move]));
        input.parse::<TokenStream>()?;
        Ok(is_block || is_closure)
    };
    parse.parse2(item.clone()).unwrap_or(false)
}
