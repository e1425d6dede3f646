//! The lock order at compile time: sections written inside another one are checked against it.
//!
//! Only the registry knows the order, so a section expands to a `name!` for each section in its own
//! text, which checks that one. Sections inside those are left to them, which is enough because the
//! order is total. Code that runs elsewhere or later, as in closures, is checked at run time.

use proc_macro2::TokenStream;
use quote::{ToTokens, quote};
use syn::parse::ParseStream;
use syn::{Error, LitStr, Result};

use crate::arguments::Arguments;
use crate::declared_names;
use crate::errors::Errors;
use crate::nested_sections::{self, Section};
use crate::registry_paths::{Declared, bracketed};

mod keyword {
    syn::custom_keyword!(order);
    syn::custom_keyword!(other_locks);
}

/// A check for each section in `body`: `order ["outer" …] ["inner" …]`.
///
/// With `other_locks` after `order`, one of the two has a `locks` argument, so that equal names may
/// be different locks.
pub(crate) fn checks(
    arguments: &Arguments,
    names: &TokenStream,
    body: &TokenStream,
) -> TokenStream {
    let outer: Vec<_> = arguments.literals().collect();
    if outer.is_empty() {
        return TokenStream::new();
    }
    let sections = nested_sections::find(body);
    let sections = sections.iter().filter(|section| section.has_registry(names));
    let checks = sections.map(|Section { arguments: inner, .. }| {
        let has_other_locks = arguments.options.locks.is_some() || inner.options.locks.is_some();
        let other_locks = has_other_locks.then(|| quote!(other_locks));
        let inner = inner.literals();
        quote!(#names::name! { order #other_locks [#(#outer)*] [#(#inner)*] })
    });
    quote!(#(#checks)*)
}

/// Whether a check is next.
pub(crate) fn is_check(input: ParseStream) -> bool {
    input.peek(keyword::order)
}

/// Parses a check, and returns an error for each inner name that cannot be acquired there.
pub(crate) fn check(input: ParseStream, declared: &[Declared]) -> Result<TokenStream> {
    input.parse::<keyword::order>()?;
    let has_other_locks = input.parse::<Option<keyword::other_locks>>()?.is_some();
    let names = || -> Result<Vec<LitStr>> {
        bracketed(input)?.into_iter().map(|literal| syn::parse2(literal.into())).collect()
    };
    let (outer, inner) = (names()?, names()?);
    let position = |name: &LitStr| declared_names::position(declared, &name.value());
    let mut errors = Errors::default();
    for name in &inner {
        // Its lookup reports an unknown name.
        let Some(at) = position(name) else { continue };
        let violation = outer.iter().find_map(|held| violation(name, at, held, position(held)?));
        if let Some(violation) = violation.filter(|it| !(has_other_locks && it.is_same_name)) {
            errors.push(Error::new(name.span(), violation.message));
        }
    }
    Ok(errors.into_token_stream())
}

struct Violation {
    is_same_name: bool,
    message: String,
}

/// Why `name` cannot be acquired while `held` is, if it cannot.
fn violation(name: &LitStr, at: usize, held: &LitStr, held_at: usize) -> Option<Violation> {
    let (name, held) = (name.value(), held.value());
    // With different keys, a keyed name is different locks.
    let is_same_name = at == held_at && !name.contains('{');
    if is_same_name {
        let message = format!(
            "`{name}` is already held here; acquiring it again would deadlock\n\
             help: remove it, or add `reentrant` to use the lock that is held"
        );
        return Some(Violation { is_same_name, message });
    }
    let message = format!(
        "cannot acquire `{name}` while `{held}` is held: locks are acquired in the order in which \
         `lock_names!` declares them, and `{name}` is declared first\n\
         help: acquire `{name}` in an outer section, or both at once: `\"{name}\", \"{held}\"`"
    );
    (at < held_at).then_some(Violation { is_same_name, message })
}
