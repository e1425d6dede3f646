//! The arguments that have a keyword.

use proc_macro2::{Ident, Span};
use syn::parse::{Parse, ParseStream};
use syn::{Error, Expr, LitStr, Path, Result, Token};

use crate::errors::is_comma;
use crate::timeout::Timeout;

/// The arguments that have a keyword, any of which may be left out.
#[derive(Default)]
pub(crate) struct Options {
    pub(crate) timeout: Option<Timeout>,
    pub(crate) shared: Option<()>,
    pub(crate) reentrant: Option<()>,
    pub(crate) or_else: Option<Expr>,
    pub(crate) recover: Option<Expr>,
    pub(crate) on_lost: Option<LitStr>,
    pub(crate) guard: Option<Ident>,
    pub(crate) locks: Option<Expr>,
    pub(crate) names: Option<Path>,
    pub(crate) runtime: Option<Path>,
}

/// Checks that a section whose lock is lost is to go on to its end: there is no third way.
fn finish(literal: LitStr) -> Result<LitStr> {
    if literal.value() == "finish" {
        return Ok(literal);
    }
    let message = "the only value is `\"finish\"`: the body then runs to its end; without \
                   `on_lost` it is dropped where it waits";
    Err(Error::new_spanned(literal, message))
}

/// The keywords, each with a value that shows what it takes, if it takes one.
const KEYWORDS: [(&str, Option<&str>); 10] = [
    ("timeout", Some("10")),
    ("shared", None),
    ("reentrant", None),
    ("or_else", Some("jam_lock::skip")),
    ("recover", Some("repair")),
    ("on_lost", Some("\"finish\"")),
    ("guard", Some("held")),
    ("locks", Some("&locks")),
    ("names", Some("other::lock_names")),
    ("crate", Some("other::jam_lock")),
];

/// What the arguments are called.
pub(crate) fn keywords() -> Vec<&'static str> {
    KEYWORDS.iter().map(|(keyword, _)| *keyword).collect()
}

/// Whether a word is one of the keywords.
pub(crate) fn is_keyword(word: &str) -> bool {
    KEYWORDS.iter().any(|(keyword, _)| *keyword == word)
}

impl Options {
    /// Reads what stands behind one of the keywords.
    pub(crate) fn read(&mut self, keyword: &Ident, input: ParseStream) -> Result<()> {
        match keyword.to_string().as_str() {
            "timeout" => set(&mut self.timeout, keyword, Timeout::of(value(keyword, input)?)?),
            "shared" => set(&mut self.shared, keyword, no_value(keyword, input)?),
            "reentrant" => set(&mut self.reentrant, keyword, no_value(keyword, input)?),
            "recover" => set(&mut self.recover, keyword, value(keyword, input)?),
            "or_else" => set(&mut self.or_else, keyword, value(keyword, input)?),
            "on_lost" => set(&mut self.on_lost, keyword, finish(value(keyword, input)?)?),
            "guard" => set(&mut self.guard, keyword, value(keyword, input)?),
            "locks" => set(&mut self.locks, keyword, value(keyword, input)?),
            "names" => set(&mut self.names, keyword, value(keyword, input)?),
            _ => set(&mut self.runtime, keyword, value(keyword, input)?),
        }
    }
}

/// Reads `= value`.
pub(crate) fn value<T: Parse>(keyword: &Ident, input: ParseStream) -> Result<T> {
    let example = KEYWORDS.iter().find(|(known, _)| keyword == known);
    let example = example.and_then(|(_, example)| *example).unwrap_or("…");
    let needed = |place: Span| {
        let message = format!("`{keyword}` needs a value, such as `{keyword} = {example}`");
        Error::new(place, message)
    };
    if is_colon(input) {
        return Err(input.error(format!("write `=` here, as in `{keyword} = {example}`")));
    }
    let equals: Option<Token![=]> = input.parse()?;
    if equals.is_none() || is_comma(input) {
        return Err(needed(keyword.span()));
    }
    let start = input.cursor();
    input.parse().map_err(|error| {
        if input.is_empty() {
            needed(keyword.span())
        } else if input.cursor() == start {
            needed(input.span())
        } else {
            error
        }
    })
}

/// Checks that no `= value` stands there.
fn no_value(keyword: &Ident, input: ParseStream) -> Result<()> {
    if input.peek(Token![=]) || is_colon(input) {
        return Err(input.error(format!("`{keyword}` takes no value: write it alone")));
    }
    Ok(())
}

/// Whether a colon is next, which some take for what stands behind a keyword.
pub(crate) fn is_colon(input: ParseStream) -> bool {
    input.peek(Token![:]) && !input.peek(Token![::])
}

/// Fills the slot of a keyword, once.
fn set<T>(slot: &mut Option<T>, keyword: &Ident, value: T) -> Result<()> {
    match slot.replace(value) {
        None => Ok(()),
        Some(_) => Err(Error::new(keyword.span(), format!("`{keyword}` is given twice"))),
    }
}
