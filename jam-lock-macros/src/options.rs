//! The arguments that have a keyword, such as `timeout = 10`.

use proc_macro2::{Ident, Span};
use syn::parse::{Parse, ParseStream};
use syn::{Error, Expr, Lit, LitStr, Path, Result, Token, token};

use crate::errors::is_comma;
use crate::period::Period;
use crate::timeout::Timeout;

/// The keywords, each with an example of its value if it takes one.
const KEYWORDS: [(&str, Option<&str>); 11] = [
    ("timeout", Some("10")),
    ("shared", None),
    ("reentrant", None),
    ("at_most_every", Some("3600")),
    ("or_else", Some("jam_lock::skip")),
    ("recover", Some("repair")),
    ("on_lost", Some("\"finish\"")),
    ("guard", Some("held")),
    ("locks", Some("&locks")),
    ("names", Some("other::lock_names")),
    ("crate", Some("other::jam_lock")),
];

/// The values of the keywords, all of which are optional.
#[derive(Default)]
pub(crate) struct Options {
    pub(crate) timeout: Option<Timeout>,
    pub(crate) shared: Option<()>,
    pub(crate) reentrant: Option<()>,
    pub(crate) at_most_every: Option<Period>,
    pub(crate) or_else: Option<Expr>,
    pub(crate) recover: Option<Expr>,
    pub(crate) on_lost: Option<LitStr>,
    pub(crate) guard: Option<Ident>,
    pub(crate) locks: Option<Expr>,
    pub(crate) names: Option<Path>,
    pub(crate) runtime: Option<Path>,
}

impl Options {
    /// Parses what follows `keyword`, which is one of the keywords.
    pub(crate) fn parse_value(&mut self, keyword: &Ident, input: ParseStream) -> Result<()> {
        match keyword.to_string().as_str() {
            "timeout" => set(&mut self.timeout, keyword, Timeout::new(value(keyword, input)?)?),
            "shared" => set(&mut self.shared, keyword, no_value(keyword, input)?),
            "reentrant" => set(&mut self.reentrant, keyword, no_value(keyword, input)?),
            "at_most_every" => {
                set(&mut self.at_most_every, keyword, Period::new(value(keyword, input)?)?)
            }
            "recover" => set(&mut self.recover, keyword, value(keyword, input)?),
            "or_else" => set(&mut self.or_else, keyword, value(keyword, input)?),
            "on_lost" => set(&mut self.on_lost, keyword, finish(value(keyword, input)?)?),
            "guard" => set(&mut self.guard, keyword, variable(keyword, input)?),
            "locks" => set(&mut self.locks, keyword, value(keyword, input)?),
            "names" => set(&mut self.names, keyword, value(keyword, input)?),
            _ => set(&mut self.runtime, keyword, value(keyword, input)?),
        }
    }

    /// Whether the generated code uses the guard, besides holding it.
    pub(crate) fn use_guard(&self) -> bool {
        self.guard.is_some() || self.recover.is_some() || self.at_most_every.is_some()
    }
}

/// All keywords.
pub(crate) fn keywords() -> Vec<&'static str> {
    KEYWORDS.iter().map(|(keyword, _)| *keyword).collect()
}

/// Whether a word is one of the keywords.
pub(crate) fn is_keyword(word: &str) -> bool {
    KEYWORDS.iter().any(|(keyword, _)| *keyword == word)
}

/// Parses `= value`.
pub(crate) fn value<T: Parse>(keyword: &Ident, input: ParseStream) -> Result<T> {
    let example = KEYWORDS.iter().find(|(known, _)| keyword == known);
    let example = example.and_then(|(_, example)| *example).unwrap_or("…");
    let missing = |span: Span| {
        let message = format!("`{keyword}` requires a value, such as `{keyword} = {example}`");
        Error::new(span, message)
    };
    if is_colon(input) {
        let message = format!("expected `=`, found `:`: write `{keyword} = {example}`");
        return Err(input.error(message));
    }
    if input.peek(token::Paren) || input.peek(Lit) || input.peek(syn::Ident) {
        let message = format!("expected `=` after `{keyword}`: write `{keyword} = {example}`");
        return Err(input.error(message));
    }
    let equals: Option<Token![=]> = input.parse()?;
    if equals.is_none() || is_comma(input) {
        return Err(missing(keyword.span()));
    }
    let start = input.cursor();
    input.parse().map_err(|error| {
        if input.is_empty() {
            missing(keyword.span())
        } else if input.cursor() == start {
            missing(input.span())
        } else {
            error
        }
    })
}

/// Checks that no value follows.
fn no_value(keyword: &Ident, input: ParseStream) -> Result<()> {
    if input.peek(Token![=]) || is_colon(input) {
        return Err(input.error(format!("`{keyword}` takes no value: write just `{keyword}`")));
    }
    Ok(())
}

/// Parses the variable that `guard` binds.
fn variable(keyword: &Ident, input: ParseStream) -> Result<Ident> {
    if input.peek(Token![=]) && input.peek2(token::Paren) {
        let message = "`guard` binds one variable, which is a tuple if there are several names: write \
                       `guard = held`, and `let (first, second) = held;` in the body";
        let ahead = input.fork();
        ahead.parse::<Token![=]>()?;
        return Err(ahead.error(message));
    }
    value(keyword, input)
}

/// Checks the value of `on_lost`.
fn finish(literal: LitStr) -> Result<LitStr> {
    if literal.value() == "finish" {
        return Ok(literal);
    }
    let message = "invalid value for `on_lost`: write `\"finish\"` to run the body to its end even \
                   if its lock is lost, or remove `on_lost` to drop the body instead";
    Err(Error::new_spanned(literal, message))
}

/// Whether a colon is next, a common mistake for `=`.
pub(crate) fn is_colon(input: ParseStream) -> bool {
    input.peek(Token![:]) && !input.peek(Token![::])
}

/// Stores the value of a keyword, once.
fn set<T>(slot: &mut Option<T>, keyword: &Ident, value: T) -> Result<()> {
    match slot.replace(value) {
        None => Ok(()),
        Some(_) => Err(duplicate(keyword)),
    }
}

/// The error for an argument that is given a second time.
pub(crate) fn duplicate(keyword: &Ident) -> Error {
    Error::new(keyword.span(), format!("duplicate argument `{keyword}`: remove one"))
}
