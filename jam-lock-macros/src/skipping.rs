//! What a scan of a body's tokens leaves out, because it runs elsewhere or later.

use std::iter::Peekable;

use proc_macro2::{Delimiter, TokenTree, token_stream};

/// The tokens that are left.
pub(crate) type Tokens = Peekable<token_stream::IntoIter>;

/// Skips a block, or a closure with its parameters, behind `async`.
pub(crate) fn skip_async(tokens: &mut Tokens) {
    tokens.next_if(|token| matches!(token, TokenTree::Ident(ident) if ident == "move"));
    if tokens.next_if(|token| is_punct(token, '|')).is_some() {
        skip_closure(tokens);
    } else {
        tokens.next_if(is_braced);
    }
}

/// Skips the parameters and the body of a closure behind its first `|`.
pub(crate) fn skip_closure(tokens: &mut Tokens) {
    while tokens.next_if(|token| !is_punct(token, '|')).is_some() {}
    tokens.next();
    if tokens.peek().is_some_and(|token| is_punct(token, '-')) {
        // Behind the type of its result, its body is a block.
        while tokens.next_if(|token| !is_braced(token)).is_some() {}
    }
    if tokens.next_if(is_braced).is_none() {
        skip_expression(tokens);
    }
}

/// Skips an expression, up to the comma or the semicolon that ends it.
fn skip_expression(tokens: &mut Tokens) {
    let mut angles = 0;
    let mut before = None;
    while let Some(token) = tokens.peek() {
        let is_behind = |punct| before.as_ref().is_some_and(|before| is_punct(before, punct));
        if is_punct(token, ';') || is_punct(token, ',') && angles == 0 {
            return;
        }
        // `f::<A, B>(x)` has a comma that ends nothing.
        if is_punct(token, '<') && (angles > 0 || is_behind(':')) {
            angles += 1;
        } else if is_punct(token, '>') && angles > 0 && !is_behind('-') {
            angles -= 1;
        }
        before = tokens.next();
    }
}

/// Skips a function behind `fn`. The type of a function pointer has no name, and no body to skip.
pub(crate) fn skip_item(tokens: &mut Tokens) {
    if !matches!(tokens.peek(), Some(TokenTree::Ident(_))) {
        return;
    }
    while tokens.next_if(|token| !is_braced(token) && !is_punct(token, ';')).is_some() {}
    tokens.next();
}

/// Skips `!`, the name that `macro_rules!` gives, and the macro's input.
pub(crate) fn skip_macro(tokens: &mut Tokens) {
    if tokens.next_if(|token| is_punct(token, '!')).is_some() {
        tokens.next_if(|token| matches!(token, TokenTree::Ident(_)));
        tokens.next_if(|token| matches!(token, TokenTree::Group(_)));
    }
}

fn is_braced(token: &TokenTree) -> bool {
    matches!(token, TokenTree::Group(group) if group.delimiter() == Delimiter::Brace)
}

pub(crate) fn is_punct(token: &TokenTree, punct: char) -> bool {
    matches!(token, TokenTree::Punct(found) if found.as_char() == punct)
}
