//! The names that `lock_names!` declares, and what is refused among them.

use std::collections::HashMap;
use std::rc::Rc;

use proc_macro2::{Ident, Span, TokenTree};
use syn::ext::IdentExt;
use syn::parse::ParseStream;
use syn::{Attribute, LitStr, Result, Token};

use crate::errors::{Errors, is_comma, skip_until};
use crate::portable;
use crate::template::Template;

/// A name as it was written.
pub(crate) struct Declaration {
    /// Its documentation.
    pub(crate) docs: Vec<Attribute>,
    /// The name.
    pub(crate) literal: LitStr,
    /// What to make of it, if the name was not refused.
    pub(crate) accepted: Option<Accepted>,
}

/// A name that a constant is made for, or a function of its keys.
pub(crate) struct Accepted {
    pub(crate) template: Rc<Template>,
    pub(crate) item: Ident,
}

/// Reads all declarations, the refused ones included, so that a use of them is no second error.
pub(crate) fn parse(input: ParseStream, errors: &mut Errors) -> Result<Vec<Declaration>> {
    let mut declarations = Vec::new();
    let mut earlier = Earlier::default();
    while !input.is_empty() {
        let docs = docs(input, errors)?;
        if input.is_empty() {
            if let Some(last) = docs.last() {
                errors.at(last, "this comment documents no name: one has to follow it");
            }
        } else if let Some(literal) = literal(input, errors)? {
            let accepted = errors.take(earlier.accept(&literal));
            declarations.push(Declaration { docs, literal, accepted });
        }
        comma(input, errors)?;
    }
    Ok(declarations)
}

/// The documentation of the next name; other attributes have no business there.
fn docs(input: ParseStream, errors: &mut Errors) -> Result<Vec<Attribute>> {
    let mut attributes = input.call(Attribute::parse_outer)?;
    attributes.retain(|attribute| {
        let is_doc = attribute.path().is_ident("doc");
        if !is_doc {
            errors.at(attribute, "only doc comments can stand on a lock name");
        }
        is_doc
    });
    Ok(attributes)
}

/// The next name, if it is one.
fn literal(input: ParseStream, errors: &mut Errors) -> Result<Option<LitStr>> {
    if input.peek(LitStr) {
        return input.parse().map(Some);
    }
    let ahead = input.fork();
    let message = match ahead.call(Ident::parse_any) {
        Ok(ident) if ahead.is_empty() || ahead.peek(Token![,]) => {
            format!("a lock name is a string literal: write `\"{ident}\"`")
        }
        _ => "a lock name is a string literal, such as `\"invoice_saved\"`".to_owned(),
    };
    errors.on(input.span(), message);
    skip_until(input, is_comma);
    Ok(None)
}

/// What separates two names. Where it is missing, the next name is still understood.
fn comma(input: ParseStream, errors: &mut Errors) -> Result<()> {
    if input.parse::<Option<Token![,]>>()?.is_some() || input.is_empty() {
        return Ok(());
    }
    if input.peek(LitStr) || input.peek(Token![#]) {
        errors.on(input.span(), "a comma is missing in front of this name");
        return Ok(());
    }
    let unexpected: TokenTree = input.fork().parse()?;
    errors.at(unexpected, "expected a comma after the lock name");
    skip_until(input, is_comma);
    comma(input, errors)
}

/// What was declared so far.
#[derive(Default)]
struct Earlier {
    names: Vec<(String, Rc<Template>)>,
    /// The names for which there are constants and functions.
    items: HashMap<String, String>,
}

impl Earlier {
    /// What to make of one more name, or why it is refused.
    fn accept(&mut self, literal: &LitStr) -> Result<Accepted> {
        self.add(&literal.value(), literal.span())
            .map_err(|reason| syn::Error::new(literal.span(), reason))
    }

    fn add(&mut self, name: &str, span: Span) -> std::result::Result<Accepted, String> {
        let object =
            |objection| format!("`{}` cannot be a lock name: {objection}", name.escape_debug());
        let template = Rc::new(Template::parse(name).map_err(object)?);
        if let Some(objection) = portable::objection(&template.sample()) {
            return Err(object(objection));
        }
        let equal = self.names.iter().find(|(_, earlier)| earlier.may_equal(&template));
        if let Some((earlier, _)) = equal {
            return Err(equal_names(name, earlier));
        }
        self.names.push((name.to_owned(), Rc::clone(&template)));

        let (kind, item) = if template.holes.is_empty() {
            ("constant", identifier(name).to_uppercase())
        } else {
            ("function", identifier(name).to_lowercase())
        };
        let Ok(mut ident) = syn::parse_str::<Ident>(&item) else {
            return Err(format!("no {kind} can be called after `{name}`: add a letter to it"));
        };
        if item == "list" {
            return Err(format!("`{name}` would make a second function `list`: rename it"));
        }
        if let Some(earlier) = self.items.insert(item, name.to_owned()) {
            return Err(format!(
                "`{name}` and `{earlier}` would both make the {kind} `{ident}`: rename one"
            ));
        }
        ident.set_span(span);
        Ok(Accepted { template, item: ident })
    }
}

/// Says that two names are, or may be, one.
fn equal_names(name: &str, earlier: &str) -> String {
    if name == earlier {
        format!("`{name}` is declared twice: once is enough")
    } else if name.contains('{') || earlier.contains('{') {
        format!("some keys make one name of `{name}` and `{earlier}`: rename one")
    } else {
        format!(
            "`{name}` differs from `{earlier}` in upper and lower case only, \
             and would be the same file on some systems"
        )
    }
}

/// A name as an identifier, but for its case: with `_` for what no identifier may have.
fn identifier(name: &str) -> String {
    let is_kept = |c: char| c.is_alphabetic() || c.is_ascii_digit();
    let text: String = name.chars().filter(|c| *c != '{' && *c != '}').collect();
    let words: Vec<_> = text.split(|c| !is_kept(c)).filter(|word| !word.is_empty()).collect();
    let identifier = words.join("_");
    let leading = if identifier.starts_with(|c: char| c.is_ascii_digit()) { "_" } else { "" };
    format!("{leading}{identifier}")
}

#[cfg(test)]
mod tests {
    use super::identifier;

    #[test]
    fn an_item_is_called_as_much_like_its_name_as_can_be() {
        for (name, expected) in [
            ("invoice_saved", "invoice_saved"),
            ("$copying database", "copying_database"),
            ("a.b-c", "a_b_c"),
            ("2026", "_2026"),
            ("zápis", "zápis"),
            ("customer_{id}", "customer_id"),
            ("line {order}, {number}", "line_order_number"),
            ("$$", ""),
        ] {
            assert_eq!(identifier(name), expected);
        }
    }
}
