//! What stands between the parentheses of `#[locked(…)]`, and in front of the block in `locked!`.

use proc_macro2::{Ident, Span, TokenTree};
use syn::ext::IdentExt;
use syn::parse::{Parse, ParseStream};
use syn::{Error, Expr, Lit, LitStr, Path, Result, Token, token};

use crate::errors::{Errors, is_comma, skip_until};
use crate::suggestion;
use crate::timeout::Timeout;

/// The arguments, understood.
pub(crate) struct Arguments {
    pub(crate) name: Name,
    pub(crate) options: Options,
}

/// Which lock.
pub(crate) enum Name {
    /// One of the declared names, if it is.
    Literal(LitStr),
    /// A `LockName`.
    Expression(Expr),
}

/// The arguments that have a keyword, any of which may be left out.
#[derive(Default)]
pub(crate) struct Options {
    pub(crate) timeout: Option<Timeout>,
    pub(crate) or_else: Option<Expr>,
    pub(crate) guard: Option<Ident>,
    pub(crate) locks: Option<Expr>,
    pub(crate) names: Option<Path>,
    pub(crate) runtime: Option<Path>,
}

/// The keywords, each with a value that shows what it takes.
const KEYWORDS: [(&str, &str); 6] = [
    ("timeout", "10"),
    ("or_else", "jam_lock::skip"),
    ("guard", "held"),
    ("locks", "&locks"),
    ("names", "other::lock_names"),
    ("crate", "other::jam_lock"),
];

impl Arguments {
    /// Reads arguments up to the end, or to the block of `locked!`, whatever is wrong with some.
    pub(crate) fn parse(input: ParseStream, errors: &mut Errors) -> Option<Self> {
        let mut is_named = false;
        let mut name = None;
        let mut options = Options::default();
        while !input.is_empty() && !is_block(input) {
            let read = if is_keyword(input) {
                options.read(input)
            } else {
                is_named = true;
                read_name(&mut name, input)
            };
            if errors.take(read.and_then(|()| end(input))).is_none() {
                skip_until(input, |input| is_comma(input) || is_last_block(input));
            }
            // Only a comma can stand here, or the end.
            let _ = input.parse::<Option<Token![,]>>();
        }
        if !is_named {
            let message = "which lock? its name is missing, such as `\"invoice_saved\"`";
            errors.on(Span::call_site(), message);
        }
        Some(Self { name: name?, options })
    }
}

impl Options {
    /// Reads a keyword and its value.
    fn read(&mut self, input: ParseStream) -> Result<()> {
        let keyword = &input.call(Ident::parse_any)?;
        let text = keyword.to_string();
        match text.as_str() {
            "timeout" => set(&mut self.timeout, keyword, Timeout::of(value(keyword, input)?)?),
            "or_else" => set(&mut self.or_else, keyword, value(keyword, input)?),
            "guard" => set(&mut self.guard, keyword, value(keyword, input)?),
            "locks" => set(&mut self.locks, keyword, value(keyword, input)?),
            "names" => set(&mut self.names, keyword, value(keyword, input)?),
            "crate" => set(&mut self.runtime, keyword, value(keyword, input)?),
            _ => {
                // A comma inside the value is not the end of the argument.
                value::<Expr>(keyword, input)?;
                let valid = KEYWORDS.map(|(keyword, _)| keyword);
                let message = suggestion::unknown("argument", &text, "the arguments are", &valid);
                Err(Error::new(keyword.span(), message))
            }
        }
    }
}

/// Whether a keyword is next; anything else is a name.
fn is_keyword(input: ParseStream) -> bool {
    let ahead = input.fork();
    let Ok(ident) = ahead.call(Ident::parse_any) else { return false };
    let is_assigned = ahead.peek(Token![=]) && !ahead.peek(Token![==]);
    let is_last = ahead.is_empty() || is_comma(&ahead);
    is_assigned || (is_last && KEYWORDS.iter().any(|(keyword, _)| ident == keyword))
}

/// Whether the block of `locked!` is next.
fn is_block(input: ParseStream) -> bool {
    input.peek(token::Brace) || input.peek(Token![async])
}

/// Whether the block is next, and all that is left.
fn is_last_block(input: ParseStream) -> bool {
    let ahead = input.fork();
    is_block(&ahead)
        && ahead.parse::<TokenTree>().is_ok()
        && ahead.parse::<Option<Token![,]>>().is_ok()
        && ahead.is_empty()
}

/// Reads a name into `slot`, where there is none yet.
fn read_name(slot: &mut Option<Name>, input: ParseStream) -> Result<()> {
    let value: Expr = input.parse()?;
    if slot.is_some() {
        return Err(Error::new_spanned(value, "only one name can be locked at a time"));
    }
    *slot = Some(Name::new(value)?);
    Ok(())
}

impl Name {
    fn new(value: Expr) -> Result<Self> {
        match value {
            Expr::Lit(literal) => match literal.lit {
                Lit::Str(literal) => Ok(Self::Literal(literal)),
                other => {
                    let message = "a lock's name is a string literal or a `LockName`";
                    Err(Error::new_spanned(other, message))
                }
            },
            // A `macro_rules!` hands its `$name` on in an invisible group.
            Expr::Group(group) => Self::new(*group.expr),
            expression => Ok(Self::Expression(expression)),
        }
    }
}

/// Reads `= value`.
fn value<T: Parse>(keyword: &Ident, input: ParseStream) -> Result<T> {
    let needed = |place: Span| {
        let example = KEYWORDS.iter().find(|(known, _)| keyword == known);
        let example = example.map_or("…", |(_, example)| example);
        let message = format!("`{keyword}` needs a value, such as `{keyword} = {example}`");
        Error::new(place, message)
    };
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

/// Fills the slot of a keyword, once.
fn set<T>(slot: &mut Option<T>, keyword: &Ident, value: T) -> Result<()> {
    match slot.replace(value) {
        None => Ok(()),
        Some(_) => Err(Error::new(keyword.span(), format!("`{keyword}` is given twice"))),
    }
}

/// Checks that an argument ends where it should.
fn end(input: ParseStream) -> Result<()> {
    if input.is_empty() || is_comma(input) {
        Ok(())
    } else {
        Err(input.error("expected a comma after the argument"))
    }
}
