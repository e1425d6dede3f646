//! Finds the `locked!` sections that run as part of a body.

use proc_macro2::{Group, Ident, TokenStream, TokenTree};
use quote::ToTokens;
use syn::Token;
use syn::parse::{ParseStream, Parser};

use crate::arguments::{Arguments, FollowedBy};
use crate::errors::Errors;
use crate::scan::{Tokens, is_punct, skip_async, skip_closure, skip_function, skip_macro};

/// A `locked!` that runs as part of a body.
pub(crate) struct Section {
    pub(crate) arguments: Arguments,
    /// The path before `locked!`, if there is one.
    registry: Option<String>,
}

impl Section {
    /// Parses the input of a `locked!`.
    ///
    /// `None` if it has errors, which its own expansion reports, is `reentrant`, or may run
    /// elsewhere.
    fn new(registry: Option<String>, input: &Group, is_awaited: bool) -> Option<Self> {
        let mut errors = Errors::default();
        let parse = |input: ParseStream| {
            let arguments = Arguments::parse(input, FollowedBy::Block, &mut errors);
            let is_async = input.peek(Token![async]);
            input.parse::<TokenStream>()?;
            Ok((arguments, is_async))
        };
        let (arguments, is_async) = parse.parse2(input.stream()).ok()?;
        let arguments = arguments.filter(|arguments| arguments.options.reentrant.is_none())?;
        // A future may run elsewhere unless it is awaited here.
        (errors.is_empty() && (is_awaited || !is_async)).then_some(Self { arguments, registry })
    }

    /// Whether its literals are names of the registry `names`, as far as the paths show.
    pub(crate) fn has_registry(&self, names: &TokenStream) -> bool {
        let argument = self.arguments.options.names.as_ref();
        let argument = argument.map(|path| relative_path(path.to_token_stream()));
        let registry = argument.as_ref().or(self.registry.as_ref());
        // Without a path, it is the registry of this crate.
        registry.map_or("lock_names", String::as_str) == relative_path(names.clone())
    }
}

/// A path without `crate`, `self` and `super`.
fn relative_path(path: impl IntoIterator<Item = TokenTree>) -> String {
    let is_start = |name: &String| ["crate", "$crate", "self", "super"].contains(&name.as_str());
    let names = path.into_iter().filter_map(|token| match token {
        TokenTree::Ident(ident) => Some(ident.to_string()),
        _ => None,
    });
    names.skip_while(is_start).collect::<Vec<_>>().join("::")
}

/// The sections that run as part of `body` itself, except those inside other sections.
pub(crate) fn find(body: &TokenStream) -> Vec<Section> {
    let mut sections = Vec::new();
    add_sections(body.clone(), &mut sections);
    sections
}

fn add_sections(tokens: TokenStream, sections: &mut Vec<Section>) {
    let mut tokens = tokens.into_iter().peekable();
    let mut before: Vec<TokenTree> = Vec::new();
    while let Some(token) = tokens.next() {
        match &token {
            TokenTree::Ident(ident) if ident == "async" => skip_async(&mut tokens),
            TokenTree::Ident(ident) if ident == "fn" => skip_function(&mut tokens),
            TokenTree::Ident(ident) if ident == "macro_rules" || ident == "stringify" => {
                skip_macro(&mut tokens);
            }
            TokenTree::Ident(ident) if ident == "locked" => {
                sections.extend(section(&before, &mut tokens));
            }
            TokenTree::Punct(_) if is_punct(&token, '|') => {
                if before.last().is_some_and(ends_expression) {
                    // This is the operator `|` or `||`.
                    tokens.next_if(|next| is_punct(next, '|'));
                } else {
                    skip_closure(&mut tokens);
                }
            }
            TokenTree::Group(group) => add_sections(group.stream(), sections),
            _ => {}
        }
        before.push(token);
    }
}

/// The section that starts with `locked`, if one does.
fn section(before: &[TokenTree], tokens: &mut Tokens) -> Option<Section> {
    tokens.next_if(|token| is_punct(token, '!'))?;
    let Some(TokenTree::Group(input)) = tokens.next() else { return None };
    let mut ahead = tokens.clone();
    let is_awaited = ahead.next().is_some_and(|token| is_punct(&token, '.'))
        && matches!(ahead.next(), Some(TokenTree::Ident(ident)) if ident == "await");
    Section::new(registry(before), &input, is_awaited)
}

/// The path before `::locked!`, if there is one.
fn registry(before: &[TokenTree]) -> Option<String> {
    let mut start = before.len();
    while let [.., TokenTree::Ident(_), colon, another] = &before[..start] {
        if !is_punct(colon, ':') || !is_punct(another, ':') {
            break;
        }
        start -= 3;
    }
    (start < before.len()).then(|| relative_path(before[start..].iter().cloned()))
}

/// Whether a `|` after this token is an operator, rather than the start of a closure.
fn ends_expression(token: &TokenTree) -> bool {
    match token {
        TokenTree::Ident(ident) => !precedes_expression(ident),
        TokenTree::Punct(punct) => punct.as_char() == '?',
        TokenTree::Group(_) | TokenTree::Literal(_) => true,
    }
}

/// Whether the word is a keyword that an expression follows.
fn precedes_expression(ident: &Ident) -> bool {
    ["move", "static", "return", "break", "else", "in", "match", "if", "while", "mut"]
        .iter()
        .any(|keyword| ident == keyword)
}

#[cfg(test)]
mod tests {
    use super::find;

    /// The names of the sections that run as part of `code` itself.
    fn found(code: &str) -> Vec<String> {
        let sections = find(&code.parse().expect("tokens"));
        let names = sections.iter().flat_map(|section| section.arguments.literals());
        names.map(syn::LitStr::value).collect()
    }

    #[test]
    fn a_section_of_the_body_itself_is_found() {
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
    fn a_section_that_runs_elsewhere_or_later_is_ignored() {
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
    fn a_section_inside_another_one_is_left_to_that_one() {
        assert_eq!(found("locked!(\"a\", { locked!(\"b\", { 1 }) })"), ["a"]);
    }

    #[test]
    fn a_registry_is_recognized_by_its_path() {
        let has_registry = |code: &str, names: &str| {
            let sections = find(&code.parse().expect("tokens"));
            sections[0].has_registry(&names.parse().expect("tokens"))
        };
        assert!(has_registry("locked!(\"a\", { 1 })", "crate::lock_names"));
        assert!(has_registry("crate::lock_names::locked!(\"a\", { 1 })", "lock_names"));
        assert!(has_registry("x(); other::lock_names::locked!(\"a\", { 1 })", "other::lock_names"));
        assert!(has_registry(
            "locked!(\"a\", names = other::lock_names, { 1 })",
            "other::lock_names"
        ));
        assert!(!has_registry("locked!(\"a\", { 1 })", "other::lock_names"));
        assert!(!has_registry("other::lock_names::locked!(\"a\", { 1 })", "crate::lock_names"));
        assert!(!has_registry(
            "locked!(\"a\", names = other::lock_names, { 1 })",
            "crate::lock_names"
        ));
    }
}
