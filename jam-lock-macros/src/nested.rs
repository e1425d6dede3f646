//! Sections that stand in the text of another one: they cannot be entered against the lock order.
//!
//! A section asks its registry about those in its own text, and leaves it to them to ask about those
//! in theirs: the order is total, so that is enough. What runs elsewhere or later, as closures may,
//! is no part of it; that is seen when it runs.

use proc_macro2::{Group, Ident, TokenStream, TokenTree};
use quote::{ToTokens, quote};
use syn::parse::{ParseStream, Parser};
use syn::{Error, LitStr, Result, Token};

use crate::arguments::{Arguments, Before, Name};
use crate::errors::Errors;
use crate::known::{Declared, bracket};
use crate::skipping::{Tokens, is_punct, skip_async, skip_closure, skip_item, skip_macro};

mod keyword {
    syn::custom_keyword!(order);
    syn::custom_keyword!(elsewhere);
}

/// Statements that ask the registry about the sections in `body`, which runs under the lock.
pub(crate) fn questions(
    arguments: &Arguments,
    names: &TokenStream,
    body: &TokenStream,
) -> TokenStream {
    let outer = literals(arguments);
    if outer.is_empty() {
        return TokenStream::new();
    }
    let mut sections = Vec::new();
    find(body.clone(), &mut sections);
    let sections = sections.iter().filter(|section| section.is_of(names));
    let questions = sections.map(|Section { arguments: inner, .. }| {
        let is_elsewhere = arguments.options.locks.is_some() || inner.options.locks.is_some();
        let elsewhere = is_elsewhere.then(|| quote!(elsewhere));
        let inner = literals(inner);
        quote!(#names::name! { order #elsewhere [#(#outer)*] [#(#inner)*] })
    });
    quote!(#(#questions)*)
}

/// Whether a question about the order is next.
pub(crate) fn is_question(input: ParseStream) -> bool {
    input.peek(keyword::order)
}

/// An error for each name in `order ["outer" …] ["inner" …]` that cannot be acquired there.
pub(crate) fn answer(input: ParseStream, declared: &[Declared]) -> Result<TokenStream> {
    input.parse::<keyword::order>()?;
    let is_elsewhere = input.parse::<Option<keyword::elsewhere>>()?.is_some();
    let names = || -> Result<Vec<LitStr>> {
        bracket(input)?.into_iter().map(|literal| syn::parse2(literal.into())).collect()
    };
    let (outer, inner) = (names()?, names()?);
    let position =
        |name: &LitStr| declared.iter().position(|declared| declared.name == name.value());
    let mut errors = Errors::default();
    for name in &inner {
        // What is not declared is an error of its own.
        let Some(at) = position(name) else { continue };
        let objection = outer.iter().find_map(|held| objection(name, at, held, position(held)?));
        if let Some(objection) = objection.filter(|it| !(is_elsewhere && it.is_same_name)) {
            errors.push(Error::new(name.span(), objection.message));
        }
    }
    Ok(errors.into_token_stream())
}

struct Objection {
    is_same_name: bool,
    message: String,
}

/// Why `name` cannot be acquired while `held` is.
fn objection(name: &LitStr, at: usize, held: &LitStr, held_at: usize) -> Option<Objection> {
    let (name, held) = (name.value(), held.value());
    // Keys may differ.
    let is_same_name = at == held_at && !name.contains('{');
    if is_same_name {
        let message = format!(
            "`{name}` is held here already, and would wait for itself\n\
             help: leave it out, or add `reentrant` to run under the lock that is held"
        );
        return Some(Objection { is_same_name, message });
    }
    let message = format!(
        "`{name}` cannot be acquired while `{held}` is held: `lock_names!` declares it first, and \
         the order of declaration is the order in which locks are acquired\n\
         help: acquire `{name}` further out, or both at once: `\"{name}\", \"{held}\"`"
    );
    (at < held_at).then_some(Objection { is_same_name, message })
}

/// A `locked!` that runs as part of a body.
struct Section {
    arguments: Arguments,
    /// What stands in front of `locked!`.
    registry: Option<String>,
}

impl Section {
    /// Reads what a `locked!` is given; none where it is wrong, or may run under the outer lock.
    fn new(registry: Option<String>, input: &Group, is_awaited: bool) -> Option<Self> {
        let mut errors = Errors::default();
        let parse = |input: ParseStream| {
            let arguments = Arguments::parse(input, Before::Block, &mut errors);
            let is_async = input.peek(Token![async]);
            input.parse::<TokenStream>()?;
            Ok((arguments, is_async))
        };
        let (arguments, is_async) = parse.parse2(input.stream()).ok()?;
        let arguments = arguments.filter(|arguments| arguments.options.reentrant.is_none())?;
        // A future that is not awaited here may run elsewhere.
        (errors.is_empty() && (is_awaited || !is_async)).then_some(Self { arguments, registry })
    }

    /// Whether its literals are the names of the registry at `names`, as far as can be seen.
    fn is_of(&self, names: &TokenStream) -> bool {
        let said = self.arguments.options.names.as_ref();
        let said = said.map(|path| last_names(path.to_token_stream()));
        let registry = said.as_ref().or(self.registry.as_ref());
        // Without a path it is this crate's.
        registry.map_or("lock_names", String::as_str) == last_names(names.clone())
    }
}

/// A path without what only says where it starts.
fn last_names(path: impl IntoIterator<Item = TokenTree>) -> String {
    let is_start = |name: &String| ["crate", "$crate", "self", "super"].contains(&name.as_str());
    let names = path.into_iter().filter_map(|token| match token {
        TokenTree::Ident(ident) => Some(ident.to_string()),
        _ => None,
    });
    names.skip_while(is_start).collect::<Vec<_>>().join("::")
}

fn literals(arguments: &Arguments) -> Vec<&LitStr> {
    let names = arguments.names.iter();
    names
        .filter_map(|name| match name {
            Name::Literal(literal, _) => Some(literal),
            Name::Expression(_) => None,
        })
        .collect()
}

/// Adds the sections that run as part of `tokens` themselves.
fn find(tokens: TokenStream, sections: &mut Vec<Section>) {
    let mut tokens = tokens.into_iter().peekable();
    let mut before: Vec<TokenTree> = Vec::new();
    while let Some(token) = tokens.next() {
        match &token {
            TokenTree::Ident(ident) if ident == "async" => skip_async(&mut tokens),
            TokenTree::Ident(ident) if ident == "fn" => skip_item(&mut tokens),
            TokenTree::Ident(ident) if ident == "macro_rules" || ident == "stringify" => {
                skip_macro(&mut tokens);
            }
            TokenTree::Ident(ident) if ident == "locked" => {
                sections.extend(section(&before, &mut tokens));
            }
            TokenTree::Punct(_) if is_punct(&token, '|') => {
                if before.last().is_some_and(ends_expression) {
                    // This is an operator: `|` or `||`.
                    tokens.next_if(|next| is_punct(next, '|'));
                } else {
                    skip_closure(&mut tokens);
                }
            }
            TokenTree::Group(group) => find(group.stream(), sections),
            _ => {}
        }
        before.push(token);
    }
}

/// The section that `locked` begins, if it does.
fn section(before: &[TokenTree], tokens: &mut Tokens) -> Option<Section> {
    tokens.next_if(|token| is_punct(token, '!'))?;
    let Some(TokenTree::Group(input)) = tokens.next() else { return None };
    let mut ahead = tokens.clone();
    let is_awaited = ahead.next().is_some_and(|token| is_punct(&token, '.'))
        && matches!(ahead.next(), Some(TokenTree::Ident(ident)) if ident == "await");
    Section::new(registry(before), &input, is_awaited)
}

/// The path in front of `::locked!`, if there is one.
fn registry(before: &[TokenTree]) -> Option<String> {
    let mut start = before.len();
    while let [.., TokenTree::Ident(_), colon, another] = &before[..start] {
        if !is_punct(colon, ':') || !is_punct(another, ':') {
            break;
        }
        start -= 3;
    }
    (start < before.len()).then(|| last_names(before[start..].iter().cloned()))
}

/// Whether an operator, and no closure, can follow.
fn ends_expression(token: &TokenTree) -> bool {
    match token {
        TokenTree::Ident(ident) => !is_keyword(ident),
        TokenTree::Punct(punct) => punct.as_char() == '?',
        TokenTree::Group(_) | TokenTree::Literal(_) => true,
    }
}

/// Whether an expression follows the word.
fn is_keyword(ident: &Ident) -> bool {
    ["move", "static", "return", "break", "else", "in", "match", "if", "while", "mut"]
        .iter()
        .any(|keyword| ident == keyword)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The names of the sections that run as part of `code` itself.
    fn found(code: &str) -> Vec<String> {
        let mut sections = Vec::new();
        find(code.parse().expect("tokens"), &mut sections);
        let names = sections.iter().flat_map(|section| literals(&section.arguments));
        names.map(LitStr::value).collect()
    }

    #[test]
    fn a_section_of_the_bodys_own_is_found() {
        for code in [
            "locked!(\"a\", { 1 })",
            "let x = locked!(\"a\", timeout = 1, { 1 })?;",
            "if ready { lock_names::locked!(\"a\", { 1 }).unwrap() }",
            "println!(\"{}\", locked!(\"a\", { 1 }))",
            "locked!(\"a\", async { 1 }).await",
            "let y = x | 1; locked!(\"a\", { y })",
            "if x || y { locked!(\"a\", { 1 }); }",
            "x()? | locked!(\"a\", { 1 })?",
            "match x { 1 | 2 => locked!(\"a\", { 1 }), _ => 0 }",
            "let f: fn(u8) -> u8 = double; locked!(\"a\", { 1 })",
            "let f = |x| x + 1; locked!(\"a\", { 1 })",
            "let f = move || { 1 }; locked!(\"a\", { 1 })",
            "let f = |x: u8| -> u8 { x }; locked!(\"a\", { 1 })",
        ] {
            assert_eq!(found(code), ["a"], "{code}");
        }
    }

    #[test]
    fn a_section_that_runs_elsewhere_or_later_is_none_of_it() {
        for code in [
            "spawn(|| locked!(\"a\", { 1 }))",
            "spawn(move || { locked!(\"a\", { 1 }) })",
            "let f = |x| locked!(\"a\", { x });",
            "let f = |x| -> Result<u8, E> { locked!(\"a\", { x }) };",
            "let f = |x| g::<A, fn(B) -> C>(locked!(\"a\", { x }));",
            "let f = |x| |y| locked!(\"a\", { x + y });",
            "return |x| locked!(\"a\", { x })",
            "spawn(async { locked!(\"a\", { 1 }) })",
            "spawn(locked!(\"a\", async { 1 }))",
            "fn f() -> u8 { locked!(\"a\", { 1 }) } f()",
            "macro_rules! a { () => { locked!(\"a\", { 1 }) } }",
            "stringify!(locked!(\"a\", { 1 }))",
            "locked!(\"a\", reentrant, { 1 })",
            "let locked = 1; locked",
        ] {
            assert!(found(code).is_empty(), "{code}");
        }
    }

    #[test]
    fn a_section_inside_another_one_is_left_to_that() {
        assert_eq!(found("locked!(\"a\", { locked!(\"b\", { 1 }) })"), ["a"]);
    }

    #[test]
    fn a_registry_is_known_by_its_path() {
        let is_ours = |code: &str, names: &str| {
            let mut sections = Vec::new();
            find(code.parse().expect("tokens"), &mut sections);
            sections[0].is_of(&names.parse().expect("tokens"))
        };
        assert!(is_ours("locked!(\"a\", { 1 })", "crate::lock_names"));
        assert!(is_ours("crate::lock_names::locked!(\"a\", { 1 })", "lock_names"));
        assert!(is_ours("x(); other::lock_names::locked!(\"a\", { 1 })", "other::lock_names"));
        assert!(is_ours("locked!(\"a\", names = other::lock_names, { 1 })", "other::lock_names"));
        assert!(!is_ours("locked!(\"a\", { 1 })", "other::lock_names"));
        assert!(!is_ours("other::lock_names::locked!(\"a\", { 1 })", "crate::lock_names"));
        assert!(!is_ours("locked!(\"a\", names = other::lock_names, { 1 })", "crate::lock_names"));
    }
}
