//! The arguments of `#[locked(…)]`, which `locked!` takes before its block.

use proc_macro2::{Ident, Span, TokenStream, TokenTree};
use quote::ToTokens;
use syn::ext::IdentExt;
use syn::parse::{End, ParseStream};
use syn::{Error, Expr, Lit, LitStr, Result, Token, parse_quote, token};

use crate::errors::{Errors, is_comma, skip_until};
use crate::lock_name::{Name, may_be_name};
use crate::options::{self, Options, is_colon, value};
use crate::other_words;
use crate::suggestion;

/// The error if something other than a block follows the arguments of `locked!`.
pub(crate) const EXPECTED_BLOCK: &str = "expected a block: write `{ … }` or `async { … }`";

/// The parsed arguments.
pub(crate) struct Arguments {
    /// The locks, at least one.
    pub(crate) names: Vec<Name>,
    /// The values of placeholders.
    pub(crate) keys: Vec<Key>,
    pub(crate) options: Options,
}

/// The value of a placeholder.
pub(crate) struct Key {
    pub(crate) placeholder: Ident,
    pub(crate) value: Expr,
}

/// What follows the arguments.
#[derive(Clone, Copy, PartialEq)]
pub(crate) enum FollowedBy {
    /// Nothing, as in an attribute.
    Nothing,
    /// The block of `locked!`.
    Block,
}

impl FollowedBy {
    /// Whether the arguments end here.
    fn is_next(self, input: ParseStream) -> bool {
        input.is_empty() || self == Self::Block && is_block(input)
    }
}

impl Arguments {
    /// Parses arguments up to the end, or to the block of `locked!`; an error does not stop it.
    pub(crate) fn parse(
        input: ParseStream,
        followed_by: FollowedBy,
        errors: &mut Errors,
    ) -> Option<Self> {
        let mut arguments =
            Self { names: Vec::new(), keys: Vec::new(), options: Options::default() };
        let mut has_name = false;
        while !followed_by.is_next(input) {
            let is_keyword = is_keyword(input);
            let parsed = if is_keyword {
                arguments.parse_keyword(input)
            } else {
                arguments.parse_name(input, followed_by)
            };
            has_name |= !is_keyword;
            if errors.take(parsed.and_then(|()| end(input))).is_none() {
                skip_until(input, |input| is_comma(input) || is_last_block(input));
            }
            // The next token is a comma, unless the input ends here.
            let _ = input.parse::<Option<Token![,]>>();
        }
        has_name |= arguments.check_keys(errors);
        if let (Some(()), Some(recover)) = (arguments.options.shared, &arguments.options.recover) {
            let message = "`recover` cannot be combined with `shared`: \
                           a reader sees the lock as abandoned until a writer recovers it";
            errors.at_tokens(recover, message);
        }
        if !has_name {
            let message = "missing lock name: add one, such as `\"invoice_saved\"`";
            errors.at_span(Span::call_site(), message);
        }
        (!arguments.names.is_empty()).then_some(arguments)
    }

    /// Parses a keyword or a placeholder, and its value.
    fn parse_keyword(&mut self, input: ParseStream) -> Result<()> {
        let word = input.call(Ident::parse_any)?;
        if options::is_keyword(&word.to_string()) {
            return self.options.parse_value(&word, input);
        }
        if !input.peek(Token![=]) && other_words::is_no_name(&word.to_string()) {
            return Err(Error::new(word.span(), unknown(&word, Vec::new())));
        }
        let value = value(&word, input)?;
        self.keys.push(Key { placeholder: word, value });
        Ok(())
    }

    fn parse_name(&mut self, input: ParseStream, followed_by: FollowedBy) -> Result<()> {
        // In `locked!(NAME { … })`, the braces are the block and no struct literal.
        let value = Expr::parse_without_eager_brace(input)?;
        let is_last = input.is_empty() || input.peek(Token![,]) && input.peek2(End);
        let is_in_place_of_block =
            followed_by == FollowedBy::Block && is_last && !self.names.is_empty();
        if is_in_place_of_block && !may_be_name(&value) {
            return Err(Error::new_spanned(value, EXPECTED_BLOCK));
        }
        self.names.push(Name::new(value)?);
        Ok(())
    }

    /// Checks that each key has a placeholder, and returns whether `name = …` was one of them.
    fn check_keys(&self, errors: &mut Errors) -> bool {
        let placeholders: Vec<_> = self.placeholders().map(ToString::to_string).collect();
        let mut has_name = false;
        for (position, Key { placeholder: word, value }) in self.keys.iter().enumerate() {
            if self.keys[..position].iter().any(|earlier| earlier.placeholder == *word) {
                let message = format!(
                    "duplicate argument `{word}`: remove one, or lock two keys of one name with a \
                     placeholder for each, as in `\"customer_{{from}}\", \"customer_{{to}}\", from = a.id, \
                     to = b.id`"
                );
                errors.at_tokens(word, message);
            } else if placeholders.iter().any(|placeholder| word == placeholder) {
            } else if word == "name" {
                has_name = true;
                let name = value.to_token_stream();
                let message =
                    format!("lock names are positional: write `{name}`, without `name =`");
                errors.at_tokens(word, message);
            } else {
                let placeholders = placeholders.iter().map(String::as_str).collect();
                errors.at_tokens(word, unknown(word, placeholders));
            }
        }
        has_name
    }

    /// Whether there is only one name, so that `guard` binds one rather than a tuple.
    pub(crate) fn has_one_name(&self) -> bool {
        self.names.len() == 1
    }

    /// The names that are literals.
    pub(crate) fn literals(&self) -> impl Iterator<Item = &LitStr> {
        self.names.iter().filter_map(|name| match name {
            Name::Literal(literal, _) => Some(literal),
            Name::Expression(_) => None,
        })
    }

    /// The placeholders of all names.
    fn placeholders(&self) -> impl Iterator<Item = &Ident> {
        self.names.iter().flat_map(|name| match name {
            Name::Literal(_, placeholders) => placeholders.as_slice(),
            Name::Expression(_) => &[],
        })
    }

    /// The value of a placeholder: the one given, or else the variable with its name.
    pub(crate) fn key(&self, placeholder: &Ident) -> Expr {
        let key = self.keys.iter().find(|key| key.placeholder == *placeholder);
        key.map_or_else(|| parse_quote!(#placeholder), |key| key.value.clone())
    }

    /// Checks that the placeholders without a value are among the variables that a function's
    /// parameters bind, because rustc would suggest to import something of the same name.
    ///
    /// In upper case they may be constants.
    pub(crate) fn check_placeholders(&self, bound: &[String], errors: &mut Errors) {
        let is_given = |it: &Ident| self.keys.iter().any(|key| key.placeholder == *it);
        for placeholder in self.placeholders().filter(|it| !is_given(it)) {
            let name = placeholder.to_string();
            if name.starts_with(char::is_uppercase) || bound.contains(&name) {
                continue;
            }
            let suggestion = match bound {
                [only] => format!("`{{{only}}}`, or "),
                _ => String::new(),
            };
            let message = format!(
                "no parameter is called `{name}`: write {suggestion}`{name} = …` to fill the \
                 placeholder `{{{name}}}`"
            );
            errors.at_span(placeholder.span(), message);
        }
    }

    /// The expressions among the arguments, and the values of placeholders.
    pub(crate) fn expressions(&self) -> TokenStream {
        let Options { timeout, at_most_every, or_else, locks, .. } = &self.options;
        let timeout = timeout.as_ref().and_then(|timeout| timeout.expression());
        let period = at_most_every.as_ref().and_then(|period| period.expression());
        let names = self.names.iter().filter_map(|name| match name {
            Name::Literal(..) => None,
            Name::Expression(expression) => Some(expression),
        });
        let mut tokens = TokenStream::new();
        for expression in names.chain(timeout).chain(period).chain(or_else).chain(locks) {
            expression.to_tokens(&mut tokens);
        }
        tokens.extend(self.placeholders().map(|it| self.key(it).into_token_stream()));
        tokens
    }
}

/// The message for a word that is neither an argument nor one of the placeholders.
fn unknown(word: &Ident, placeholders: Vec<&str>) -> String {
    let word = word.to_string();
    let valid =
        [("the arguments are", options::keywords()), ("the placeholders are", placeholders)];
    suggestion::unknown("argument", &word, other_words::meant(&word), &valid)
}

/// Whether a keyword or a placeholder is next; anything else is a name.
fn is_keyword(input: ParseStream) -> bool {
    let ahead = input.fork();
    let Ok(ident) = ahead.call(Ident::parse_any) else { return false };
    let is_assigned = ahead.peek(Token![=]) && !ahead.peek(Token![==]);
    let is_last = ahead.is_empty() || is_comma(&ahead);
    // As in `timeout(10)` or `timeout 10`.
    let lacks_equals = ahead.peek(token::Paren) || ahead.peek(Lit) || ahead.peek(syn::Ident);
    is_assigned
        || is_colon(&ahead)
        || ((is_last || lacks_equals) && options::is_keyword(&ident.to_string()))
        || (is_last && other_words::is_no_name(&ident.to_string()))
}

/// Whether the block of `locked!` is next.
fn is_block(input: ParseStream) -> bool {
    input.peek(token::Brace) || input.peek(Token![async])
}

/// Whether the block is next, and nothing but a comma follows it.
fn is_last_block(input: ParseStream) -> bool {
    let ahead = input.fork();
    // Both words are optional.
    let _ = ahead.parse::<Option<Token![async]>>();
    let _ = ahead.parse::<Option<Token![move]>>();
    ahead.peek(token::Brace)
        && ahead.parse::<TokenTree>().is_ok()
        && ahead.parse::<Option<Token![,]>>().is_ok()
        && ahead.is_empty()
}

/// Checks that the input ends after an argument, or continues with a comma.
fn end(input: ParseStream) -> Result<()> {
    if input.is_empty() || is_comma(input) {
        Ok(())
    } else {
        Err(input.error("expected `,` after the argument"))
    }
}
