//! The names that `lock_names!` declares, and what is refused among them.

use std::collections::HashMap;

use proc_macro2::{Ident, TokenTree};
use syn::ext::IdentExt;
use syn::parse::ParseStream;
use syn::{Attribute, LitStr, Result, Token};

use crate::errors::{Errors, is_comma, skip_until};
use crate::portable;

/// A name as it was written.
pub(crate) struct Declaration {
    /// Its documentation.
    pub(crate) docs: Vec<Attribute>,
    /// The name.
    pub(crate) literal: LitStr,
    /// The constant to make for it, if the name was not refused.
    pub(crate) constant: Option<Ident>,
}

/// Reads all declarations, the refused ones included, so that a use of them is no second error.
pub(crate) fn parse(input: ParseStream, errors: &mut Errors) -> Result<Vec<Declaration>> {
    let mut declarations = Vec::new();
    let mut constants = Constants::default();
    while !input.is_empty() {
        let docs = docs(input, errors)?;
        if input.is_empty() {
            if let Some(last) = docs.last() {
                errors.at(last, "this comment documents no name: one has to follow it");
            }
        } else if let Some(literal) = literal(input, errors)? {
            let constant = errors.take(constants.make(&literal));
            declarations.push(Declaration { docs, literal, constant });
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

/// The constants made so far, with the names that they stand for.
#[derive(Default)]
struct Constants {
    names: HashMap<String, String>,
    /// Some file systems do not tell upper from lower case.
    without_case: HashMap<String, String>,
}

impl Constants {
    /// The constant for one more name, or why the name is refused.
    fn make(&mut self, literal: &LitStr) -> Result<Ident> {
        let name = literal.value();
        let refuse = |reason: String| Err(syn::Error::new(literal.span(), reason));
        if name.contains(['{', '}']) {
            return refuse(format!(
                "`{name}` has a hole, and names with holes cannot be declared yet"
            ));
        }
        if let Some(objection) = portable::objection(&name) {
            return refuse(format!("`{}` cannot be a lock name: {objection}", name.escape_debug()));
        }
        if let Some(earlier) = self.without_case.insert(name.to_lowercase(), name.clone()) {
            return refuse(if earlier == name {
                format!("`{name}` is declared twice: once is enough")
            } else {
                format!(
                    "`{name}` differs from `{earlier}` in upper and lower case only, \
                     and would be the same file on some systems"
                )
            });
        }
        let constant = constant(&name);
        let Ok(mut ident) = syn::parse_str::<Ident>(&constant) else {
            return refuse(format!("no constant can be called after `{name}`: add a letter to it"));
        };
        if let Some(earlier) = self.names.insert(constant, name.clone()) {
            return refuse(format!(
                "`{name}` and `{earlier}` would both make the constant `{ident}`: rename one"
            ));
        }
        ident.set_span(literal.span());
        Ok(ident)
    }
}

/// How the constant of a name is called: in upper case, with `_` for what no identifier may have.
fn constant(name: &str) -> String {
    let keep = |c: char| c.is_alphabetic() || c.is_ascii_digit();
    let constant: String =
        name.chars().map(|c| if keep(c) { c } else { '_' }).flat_map(char::to_uppercase).collect();
    let constant = constant.trim_matches('_');
    let leading = if constant.starts_with(|c: char| c.is_ascii_digit()) { "_" } else { "" };
    format!("{leading}{constant}")
}

#[cfg(test)]
mod tests {
    use super::constant;

    #[test]
    fn a_constant_is_called_as_much_like_its_name_as_can_be() {
        for (name, expected) in [
            ("invoice_saved", "INVOICE_SAVED"),
            ("$copying database", "COPYING_DATABASE"),
            ("a.b-c", "A_B_C"),
            ("2026", "_2026"),
            ("zápis", "ZÁPIS"),
            ("$$", ""),
        ] {
            assert_eq!(constant(name), expected);
        }
    }
}
