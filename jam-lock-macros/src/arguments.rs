//! What stands between the parentheses of `#[locked(…)]`, and in front of the block in `locked!`.

use proc_macro2::{Ident, Span, TokenStream, TokenTree};
use quote::ToTokens;
use syn::ext::IdentExt;
use syn::parse::{End, ParseStream};
use syn::spanned::Spanned;
use syn::{Error, Expr, Lit, LitStr, Result, Token, token};

use crate::errors::{Errors, is_comma, skip_until};
use crate::options::{self, Options, is_colon, value};
use crate::suggestion;
use crate::template::Template;

/// The arguments, understood.
pub(crate) struct Arguments {
    /// Which locks: one at least.
    pub(crate) names: Vec<Name>,
    /// What fills holes.
    pub(crate) keys: Vec<Key>,
    pub(crate) options: Options,
}

/// Which lock.
pub(crate) enum Name {
    /// One of the declared names, if it is, and its holes.
    Literal(LitStr, Vec<Ident>),
    /// A `LockName`.
    Expression(Expr),
}

/// What fills a hole.
pub(crate) struct Key {
    pub(crate) hole: Ident,
    pub(crate) value: Expr,
}

/// What arguments stand in front of.
#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Before {
    /// Nothing, as in an attribute.
    Nothing,
    /// The block of `locked!`.
    Block,
}

impl Before {
    /// Whether the arguments end here.
    fn is_next(self, input: ParseStream) -> bool {
        input.is_empty() || self == Self::Block && is_block(input)
    }
}

impl Arguments {
    /// Reads arguments up to the end, or to the block of `locked!`, whatever is wrong with some.
    pub(crate) fn parse(input: ParseStream, before: Before, errors: &mut Errors) -> Option<Self> {
        let mut arguments =
            Self { names: Vec::new(), keys: Vec::new(), options: Options::default() };
        let mut is_named = false;
        while !before.is_next(input) {
            let is_keyword = is_keyword(input);
            let read =
                if is_keyword { arguments.read(input) } else { arguments.read_name(input, before) };
            is_named |= !is_keyword;
            if errors.take(read.and_then(|()| end(input))).is_none() {
                skip_until(input, |input| is_comma(input) || is_last_block(input));
            }
            // Only a comma can stand here, or the end.
            let _ = input.parse::<Option<Token![,]>>();
        }
        is_named |= arguments.check_keys(errors);
        if let (Some(()), Some(recover)) = (arguments.options.shared, &arguments.options.recover) {
            errors.at(
                recover,
                "readers do not recover, but find the lock abandoned until a writer \
                                comes: remove `shared`, or this",
            );
        }
        if !is_named {
            let message = "which lock? its name is missing, such as `\"invoice_saved\"`";
            errors.on(Span::call_site(), message);
        }
        (!arguments.names.is_empty()).then_some(arguments)
    }

    /// Reads a keyword, or what a hole is called, and its value.
    fn read(&mut self, input: ParseStream) -> Result<()> {
        let word = input.call(Ident::parse_any)?;
        if options::is_keyword(&word.to_string()) {
            return self.options.read(&word, input);
        }
        let value = value(&word, input)?;
        self.keys.push(Key { hole: word, value });
        Ok(())
    }

    /// Reads a name.
    fn read_name(&mut self, input: ParseStream, before: Before) -> Result<()> {
        // What looks like the fields of a struct is the block of `locked!`.
        let value = Expr::parse_without_eager_brace(input)?;
        let is_last = input.is_empty() || input.peek(Token![,]) && input.peek2(End);
        if before == Before::Block && is_last && !self.names.is_empty() && !may_name(&value) {
            let message = "the block has to be a plain `{ … }` or an `async` one";
            return Err(Error::new_spanned(value, message));
        }
        self.names.push(Name::new(value)?);
        Ok(())
    }

    /// Checks that there is one hole for each key, and says whether a key was meant as a name.
    fn check_keys(&self, errors: &mut Errors) -> bool {
        let holes: Vec<_> = self.holes().map(ToString::to_string).collect();
        let mut is_named = false;
        for (position, Key { hole: word, value }) in self.keys.iter().enumerate() {
            if self.keys[..position].iter().any(|earlier| earlier.hole == *word) {
                errors.at(word, format!("`{word}` is given twice"));
            } else if holes.iter().any(|hole| word == hole) {
            } else if word == "name" {
                is_named = true;
                let name = value.to_token_stream();
                errors.at(word, format!("a name stands alone: write `{name}` without `name =`"));
            } else {
                let valid = [("the arguments are", options::keywords())];
                let holes = ("the holes are", holes.iter().map(String::as_str).collect());
                let valid = valid.into_iter().chain([holes]).collect::<Vec<_>>();
                errors.at(word, suggestion::unknown("argument", &word.to_string(), &valid));
            }
        }
        is_named
    }

    /// Whether there is one name only, so that there is one guard.
    pub(crate) fn is_of_one(&self) -> bool {
        self.names.len() == 1
    }

    /// The holes of all names.
    fn holes(&self) -> impl Iterator<Item = &Ident> {
        self.names.iter().flat_map(|name| match name {
            Name::Literal(_, holes) => holes.as_slice(),
            Name::Expression(_) => &[],
        })
    }

    /// What fills a hole: what was said, or else the variable of that name.
    pub(crate) fn key(&self, hole: &Ident) -> TokenStream {
        let key = self.keys.iter().find(|key| key.hole == *hole);
        key.map_or_else(|| hole.to_token_stream(), |key| key.value.to_token_stream())
    }

    /// The expressions among the arguments, and the variables that fill holes.
    pub(crate) fn expressions(&self) -> TokenStream {
        let Options { timeout, or_else, locks, .. } = &self.options;
        let timeout = timeout.as_ref().and_then(|timeout| timeout.expression());
        let names = self.names.iter().filter_map(|name| match name {
            Name::Literal(..) => None,
            Name::Expression(expression) => Some(expression),
        });
        let mut tokens = TokenStream::new();
        for expression in names.chain(timeout).chain(or_else).chain(locks) {
            expression.to_tokens(&mut tokens);
        }
        tokens.extend(self.holes().map(|hole| self.key(hole)));
        tokens
    }
}

impl Name {
    fn new(value: Expr) -> Result<Self> {
        match value {
            Expr::Lit(literal) => match literal.lit {
                Lit::Str(literal) => {
                    let holes = holes(&literal);
                    Ok(Self::Literal(literal, holes))
                }
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

    /// Where it was written.
    pub(crate) fn span(&self) -> Span {
        match self {
            Self::Literal(literal, _) => literal.span(),
            Self::Expression(expression) => expression.span(),
        }
    }
}

/// The holes of a name, as variables where it is; none where it is no name that can be declared.
fn holes(literal: &LitStr) -> Vec<Ident> {
    let template = Template::parse(&literal.value());
    let holes = template.map_or_else(|_| Vec::new(), |template| template.holes);
    holes.iter().map(|hole| Ident::new(hole, literal.span())).collect()
}

/// Whether a last argument may be meant as a name, rather than as what is to be locked.
fn may_name(value: &Expr) -> bool {
    match value {
        Expr::Lit(literal) => matches!(literal.lit, Lit::Str(_)),
        Expr::Group(group) => may_name(&group.expr),
        other => matches!(other, Expr::Path(_)),
    }
}

/// Whether a keyword is next, or what a hole is called; anything else is a name.
fn is_keyword(input: ParseStream) -> bool {
    let ahead = input.fork();
    let Ok(ident) = ahead.call(Ident::parse_any) else { return false };
    let is_assigned = ahead.peek(Token![=]) && !ahead.peek(Token![==]);
    let is_last = ahead.is_empty() || is_comma(&ahead);
    is_assigned || is_colon(&ahead) || (is_last && options::is_keyword(&ident.to_string()))
}

/// Whether the block of `locked!` is next.
fn is_block(input: ParseStream) -> bool {
    input.peek(token::Brace) || input.peek(Token![async])
}

/// Whether the block is next, and all that is left.
fn is_last_block(input: ParseStream) -> bool {
    let ahead = input.fork();
    // What is not there is skipped.
    let _ = ahead.parse::<Option<Token![async]>>();
    let _ = ahead.parse::<Option<Token![move]>>();
    ahead.peek(token::Brace)
        && ahead.parse::<TokenTree>().is_ok()
        && ahead.parse::<Option<Token![,]>>().is_ok()
        && ahead.is_empty()
}

/// Checks that an argument ends where it should.
fn end(input: ParseStream) -> Result<()> {
    if input.is_empty() || is_comma(input) {
        Ok(())
    } else {
        Err(input.error("expected a comma after the argument"))
    }
}
