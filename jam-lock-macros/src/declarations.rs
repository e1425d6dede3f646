//! Parses and checks the names that `lock_names!` declares.

use std::collections::HashMap;
use std::rc::Rc;

use proc_macro2::{Ident, Span, TokenTree};
use syn::ext::IdentExt;
use syn::parse::ParseStream;
use syn::{Attribute, LitInt, LitStr, Result, Token};

use crate::errors::{Errors, is_comma, skip_until};
use crate::template::Template;
use crate::{identifiers, portable};

/// A declared name.
pub(crate) struct Declaration {
    /// Its doc comments.
    pub(crate) docs: Vec<Attribute>,
    /// The name itself.
    pub(crate) literal: LitStr,
    /// `None` if the name is invalid.
    pub(crate) accepted: Option<Accepted>,
    /// How many may hold it at once, if that was declared.
    pub(crate) permits: Option<LitInt>,
}

impl Declaration {
    /// Where its items start: at its doc comment, or else at the name.
    ///
    /// An editor shows all about the tokens at a name, so what only the compiler shows is not there.
    pub(crate) fn start(&self) -> Span {
        self.docs.first().map_or_else(|| self.literal.span(), |doc| doc.pound_token.span)
    }
}

/// A valid name.
pub(crate) struct Accepted {
    pub(crate) template: Rc<Template>,
    /// The name of its constant, or of its function if it has placeholders.
    pub(crate) item: Ident,
    /// The name of its type.
    pub(crate) ty: Ident,
}

/// Parses all declarations, including invalid names, so that their uses cause no further errors.
pub(crate) fn parse(input: ParseStream, errors: &mut Errors) -> Result<Vec<Declaration>> {
    let mut declarations = Vec::new();
    let mut earlier = Earlier::default();
    while !input.is_empty() {
        let docs = docs(input, errors)?;
        if input.is_empty() {
            if let Some(last) = docs.last() {
                errors.at_tokens(last, "expected a lock name after this doc comment");
            }
        } else if let Some(literal) = literal(input, errors)? {
            let accepted = errors.take(earlier.accept(&literal));
            let permits = permits(input, errors)?;
            declarations.push(Declaration { docs, literal, accepted, permits });
        }
        comma(input, errors)?;
    }
    Ok(declarations)
}

/// The doc comments of the next name; other attributes are errors.
fn docs(input: ParseStream, errors: &mut Errors) -> Result<Vec<Attribute>> {
    let mut attributes = input.call(Attribute::parse_outer)?;
    attributes.retain(|attribute| {
        let is_doc = attribute.path().is_ident("doc");
        if !is_doc {
            let message = "only doc comments are allowed on a lock name: remove this attribute";
            errors.at_tokens(attribute, message);
        }
        is_doc
    });
    Ok(attributes)
}

/// The next name, or `None` if it is no string literal.
fn literal(input: ParseStream, errors: &mut Errors) -> Result<Option<LitStr>> {
    if input.peek(LitStr) {
        return input.parse().map(Some);
    }
    let ahead = input.fork();
    let message = match ahead.call(Ident::parse_any) {
        Ok(ident) if ahead.is_empty() || ahead.peek(Token![,]) => {
            format!("lock names are string literals: write `\"{ident}\"`")
        }
        _ => "lock names are string literals, such as `\"invoice_saved\"`".to_owned(),
    };
    errors.at_span(input.span(), message);
    skip_until(input, is_comma);
    Ok(None)
}

/// Parses the number of permits after a name, if there is one: `= 3`.
fn permits(input: ParseStream, errors: &mut Errors) -> Result<Option<LitInt>> {
    if input.parse::<Option<Token![=]>>()?.is_none() {
        return Ok(None);
    }
    let number = input.fork().parse::<LitInt>().ok();
    let is_valid = |number: &LitInt| {
        number.suffix().is_empty() && matches!(number.base10_parse(), Ok(1..=255_u16))
    };
    if let Some(number) = number.filter(is_valid) {
        input.parse::<LitInt>()?;
        return Ok(Some(number));
    }
    let message = "expected how many may hold this lock at once: a literal number from 1 to 255, such as `= 3`";
    errors.at_span(input.span(), message);
    skip_until(input, is_comma);
    Ok(None)
}

/// Parses the comma after a name. If it is missing, the next name is still parsed.
fn comma(input: ParseStream, errors: &mut Errors) -> Result<()> {
    if input.parse::<Option<Token![,]>>()?.is_some() || input.is_empty() {
        return Ok(());
    }
    if input.peek(LitStr) || input.peek(Token![#]) {
        errors.at_span(input.span(), "missing `,` before this name");
        return Ok(());
    }
    let unexpected: TokenTree = input.fork().parse()?;
    let message = "expected `,` after the lock name, or `= 3` if three may hold it at once";
    errors.at_tokens(unexpected, message);
    skip_until(input, is_comma);
    comma(input, errors)
}

/// The names declared so far.
#[derive(Default)]
struct Earlier {
    names: Vec<(String, Rc<Template>)>,
    /// The name for each constant and function.
    items: HashMap<String, String>,
    /// The name for each type.
    types: HashMap<String, String>,
}

impl Earlier {
    /// Adds a name, or returns why it is invalid.
    fn accept(&mut self, literal: &LitStr) -> Result<Accepted> {
        self.add(&literal.value(), literal.span())
            .map_err(|reason| syn::Error::new(literal.span(), reason))
    }

    fn add(&mut self, name: &str, span: Span) -> std::result::Result<Accepted, String> {
        let invalid =
            |objection| format!("invalid lock name `{}`: {objection}", name.escape_debug());
        let template = Rc::new(Template::parse(name).map_err(invalid)?);
        if let Some(objection) = portable::objection(&template.sample()) {
            return Err(invalid(objection));
        }
        let equal = self.names.iter().find(|(_, earlier)| earlier.may_equal(&template));
        if let Some((earlier, _)) = equal {
            return Err(conflict(name, earlier));
        }
        self.names.push((name.to_owned(), Rc::clone(&template)));

        let (kind, item) = if template.placeholders.is_empty() {
            ("constant", identifiers::constant(name))
        } else {
            ("function", identifiers::function(name))
        };
        if item == "list" {
            return Err(format!(
                "`{name}` would generate the function `list`, which `lock_names` already has: \
                 rename it"
            ));
        }
        let item = unique(&mut self.items, name, kind, &item, span)?;
        let ty = unique(&mut self.types, name, "type", &identifiers::type_name(name), span)?;
        Ok(Accepted { template, item, ty })
    }
}

/// The identifier of an item for `name`, if no earlier name has the same.
fn unique(
    earlier: &mut HashMap<String, String>,
    name: &str,
    kind: &str,
    identifier: &str,
    span: Span,
) -> std::result::Result<Ident, String> {
    let Ok(mut ident) = syn::parse_str::<Ident>(identifier) else {
        return Err(format!("cannot derive a {kind} name from `{name}`: add a letter"));
    };
    if let Some(earlier) = earlier.insert(identifier.to_owned(), name.to_owned()) {
        return Err(format!(
            "`{name}` and `{earlier}` would both generate the {kind} `{ident}`: rename one"
        ));
    }
    ident.set_span(span);
    Ok(ident)
}

/// The error for two names that are equal, or can be.
fn conflict(name: &str, earlier: &str) -> String {
    if name == earlier {
        format!("`{name}` is declared twice: remove one")
    } else if name.contains('{') || earlier.contains('{') {
        format!("`{name}` and `{earlier}` can produce the same name: rename one")
    } else {
        format!(
            "`{name}` differs from `{earlier}` only in case, which some file systems ignore: \
             rename one"
        )
    }
}
