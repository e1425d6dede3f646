//! Scanning the tokens of a body: skips code that runs elsewhere or later.

use std::iter::Peekable;

use proc_macro2::{Delimiter, TokenTree, token_stream};

/// The remaining tokens.
pub(crate) type Tokens = Peekable<token_stream::IntoIter>;

/// Skips what follows `async`: a block, or a closure with its parameters.
pub(crate) fn skip_async(tokens: &mut Tokens) {
    tokens.next_if(|token| matches!(token, TokenTree::Ident(ident) if ident == "move"));
    if tokens.next_if(|token| is_punct(token, '|')).is_some() {
        skip_closure(tokens);
    } else {
        tokens.next_if(is_braced);
    }
}

/// Skips what follows the first `|` of a closure: its parameters and its body.
pub(crate) fn skip_closure(tokens: &mut Tokens) {
    while tokens.next_if(|token| !is_punct(token, '|')).is_some() {}
    tokens.next();
    if tokens.peek().is_some_and(|token| is_punct(token, '-')) {
        // After a return type, the body is a block.
        while tokens.next_if(|token| !is_braced(token)).is_some() {}
    }
    if tokens.next_if(is_braced).is_none() {
        skip_expression(tokens);
    }
}

/// Skips an expression, up to the comma or the semicolon that ends it.
fn skip_expression(tokens: &mut Tokens) {
    let mut angles = 0;
    let mut previous = None;
    while let Some(token) = tokens.peek() {
        let follows = |punct| previous.as_ref().is_some_and(|token| is_punct(token, punct));
        if is_punct(token, ';') || is_punct(token, ',') && angles == 0 {
            return;
        }
        // The comma in `f::<A, B>(x)` does not end the expression.
        if is_punct(token, '<') && (angles > 0 || follows(':')) {
            angles += 1;
        } else if is_punct(token, '>') && angles > 0 && !follows('-') {
            angles -= 1;
        }
        previous = tokens.next();
    }
}

/// Skips what follows `fn`: a function, or nothing after the `fn` of a function pointer's type.
pub(crate) fn skip_function(tokens: &mut Tokens) {
    // The type of a function pointer has no name.
    if !matches!(tokens.peek(), Some(TokenTree::Ident(_))) {
        return;
    }
    while tokens.next_if(|token| !is_braced(token) && !is_punct(token, ';')).is_some() {}
    tokens.next();
}

/// Skips what follows the name of a macro: `!`, the name after `macro_rules!`, and the input.
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
