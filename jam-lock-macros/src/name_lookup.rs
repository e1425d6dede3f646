//! `name!`: looks up a literal among the declared names, and suggests one if it is misspelt.

use proc_macro2::{Ident, Span, TokenStream};
use quote::quote;
use syn::parse::{Parse, ParseStream, Parser};
use syn::{LitInt, LitStr, Result, Token};

use crate::registry_paths::{Declared, bracketed, declared_names};
use crate::suggestion;
use crate::{declared_names, identifiers, lock_order};

/// Expands `[runtime] ["declared" ITEM …]` and a query.
///
/// The query is a lookup of a name or, after the keyword `type`, of its type; or a check of [`lock_order`].
pub(crate) fn expand(input: TokenStream) -> TokenStream {
    let parse = |input: ParseStream| {
        let (runtime, declared) = (bracketed(input)?, declared_names(input)?);
        if lock_order::is_check(input) {
            return lock_order::check(input, &declared);
        }
        Ok(look_up(&runtime, &declared, input.parse()?))
    };
    parse.parse2(input).unwrap_or_else(|error| error.to_compile_error())
}

mod keyword {
    syn::custom_keyword!(shared);
    syn::custom_keyword!(at_most_every);
}

/// A lookup: `[registry] "name" (keys)`, or `type [registry] "name"`; before the name stands an argument that
/// a name with permits cannot have.
struct Lookup {
    is_of_type: bool,
    registry: TokenStream,
    without_permits: Option<WithoutPermits>,
    name: LitStr,
    /// The keys in parentheses, if there are any.
    keys: TokenStream,
}

/// An argument that a name with permits cannot have.
#[derive(Clone, Copy)]
enum WithoutPermits {
    Shared,
    AtMostEvery,
}

impl WithoutPermits {
    fn parse(input: ParseStream) -> Result<Option<Self>> {
        let shared = input.parse::<Option<keyword::shared>>()?.map(|_| Self::Shared);
        let every = input.parse::<Option<keyword::at_most_every>>()?.map(|_| Self::AtMostEvery);
        Ok(shared.or(every))
    }

    /// Why a name with so many permits cannot have it, and what to do.
    fn objection(self, name: &str, permits: &LitInt) -> String {
        match self {
            Self::Shared => format!(
                "`{name}` has {permits} permits, so it cannot be acquired with `shared`\n\
                 help: remove `shared`: up to {permits} hold it at once"
            ),
            Self::AtMostEvery => format!(
                "`{name}` has {permits} permits, so it cannot have `at_most_every`\n\
                 help: record the runs under a name of its own with one permit, and acquire `{name}` inside"
            ),
        }
    }
}

impl Parse for Lookup {
    fn parse(input: ParseStream) -> Result<Self> {
        let is_of_type = input.parse::<Option<Token![type]>>()?.is_some();
        let registry = bracketed(input)?;
        let without_permits = WithoutPermits::parse(input)?;
        let (name, keys) = (input.parse()?, input.parse()?);
        Ok(Self { is_of_type, registry, without_permits, name, keys })
    }
}

/// An expression of type `LockName` or a type, or an error at the unknown name.
fn look_up(runtime: &TokenStream, declared: &[Declared], lookup: Lookup) -> TokenStream {
    let Lookup { is_of_type, registry, without_permits, name: literal, keys } = lookup;
    let name = literal.value();
    let found = declared_names::position(declared, &name).map(|position| &declared[position]);
    let permits = found.and_then(|found| found.permits.as_ref());
    let permits = permits.filter(|permits| permits.base10_digits() != "1");
    if let (Some(argument), Some(permits)) = (without_permits, permits) {
        let error = syn::Error::new(literal.span(), argument.objection(&name, permits));
        return reported(&error, runtime, is_of_type);
    }
    match found {
        Some(Declared { name, item: Some(item), .. }) => {
            let item = if is_of_type { identifiers::type_name(name) } else { item.to_string() };
            // With a macro's span, rustc does not suggest to shorten the path.
            let span = Span::mixed_site().located_at(literal.span());
            let item = Ident::new(&item, span);
            quote!(#registry::#item #keys)
        }
        // The name is invalid, which its declaration reports.
        Some(_) if is_of_type => quote!(#runtime::macro_support::InvalidName),
        Some(_) => quote!(#runtime::macro_support::declared(#literal, "", 0)),
        None => {
            let meant = declared_names::meant(declared, &name);
            let declared = declared.iter().map(|declared| declared.name.as_str()).collect();
            let valid = [("the declared names are", declared)];
            let message = suggestion::unknown("lock name", &name, meant, &valid);
            reported(&syn::Error::new(literal.span(), message), runtime, is_of_type)
        }
    }
}

/// The error, in place of an expression or of a type.
fn reported(error: &syn::Error, runtime: &TokenStream, is_of_type: bool) -> TokenStream {
    let error = error.to_compile_error();
    if is_of_type { quote!(#runtime::macro_support::InvalidName<{ #error }>) } else { error }
}
