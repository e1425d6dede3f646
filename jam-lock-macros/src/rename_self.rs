//! A by-value `self` under another name, so that a body without a closure can move it.

use proc_macro2::{Delimiter, Group, Ident, Span, TokenStream, TokenTree};

use crate::scan::is_punct;

/// The name in place of a `self` at `span`.
///
/// Its span is all of the user's, because coverage does not count a statement that is not. So the name itself
/// has to be one that nobody uses.
pub(crate) fn renamed_self(span: Span) -> Ident {
    Ident::new("self_by_value", span)
}

/// `tokens` with [`renamed_self`] in place of the value `self`, except in nested items, which have their own.
///
/// `None` if a format string may use it, whose text cannot be changed.
pub(crate) fn rename_self(tokens: TokenStream) -> Option<TokenStream> {
    let tokens: Vec<_> = tokens.into_iter().collect();
    let mut renamed = TokenStream::new();
    let mut rest = tokens.as_slice();
    while let Some(token) = rest.first() {
        let length = length_without_self(rest);
        if length > 0 {
            renamed.extend(rest[..length].iter().cloned());
            rest = &rest[length..];
            continue;
        }
        renamed.extend([match token {
            TokenTree::Ident(ident) if ident == "self" => renamed_self(ident.span()).into(),
            TokenTree::Group(group) => {
                let content = rename_self(group.stream())?;
                let mut renamed = Group::new(group.delimiter(), content);
                renamed.set_span(group.span());
                renamed.into()
            }
            TokenTree::Literal(literal) if literal.to_string().contains("{self") => return None,
            other => other.clone(),
        }]);
        rest = &rest[1..];
    }
    Some(renamed)
}

/// How many tokens at the start are an item, a visibility or a path, none of which has the value.
fn length_without_self(tokens: &[TokenTree]) -> usize {
    let [TokenTree::Ident(word), rest @ ..] = tokens else { return 0 };
    let is_word = matches!(rest.first(), Some(TokenTree::Ident(_)));
    match word.to_string().as_str() {
        // The type of a function pointer has no name.
        "fn" if !is_word => 0,
        "fn" | "impl" | "macro_rules" | "mod" | "trait" | "use" => {
            1 + rest.iter().take_while(|token| !is_end_of_item(token)).count() + 1
        }
        "pub" => 2,
        "self" if rest.first().is_some_and(|next| is_punct(next, ':')) => 1,
        _ => 0,
    }
    .min(tokens.len())
}

fn is_end_of_item(token: &TokenTree) -> bool {
    let is_braced =
        matches!(token, TokenTree::Group(group) if group.delimiter() == Delimiter::Brace);
    is_braced || is_punct(token, ';')
}
