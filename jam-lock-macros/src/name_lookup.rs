//! `name!`: looks up a literal among the declared names, and suggests one if it is misspelt.

use proc_macro2::{Ident, Span, TokenStream};
use quote::quote;
use syn::parse::{Parse, ParseStream, Parser};
use syn::{LitStr, Result, Token};

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
}

/// A lookup: `[registry] shared "name" (keys)`, or `type [registry] shared "name"`.
struct Lookup {
    is_of_type: bool,
    registry: TokenStream,
    /// Whether the lock is acquired as a reader.
    is_shared: bool,
    name: LitStr,
    /// The keys in parentheses, if there are any.
    keys: TokenStream,
}

impl Parse for Lookup {
    fn parse(input: ParseStream) -> Result<Self> {
        let is_of_type = input.parse::<Option<Token![type]>>()?.is_some();
        let registry = bracketed(input)?;
        let is_shared = input.parse::<Option<keyword::shared>>()?.is_some();
        let (name, keys) = (input.parse()?, input.parse()?);
        Ok(Self { is_of_type, registry, is_shared, name, keys })
    }
}

/// An expression of type `LockName` or a type, or an error at the unknown name.
fn look_up(runtime: &TokenStream, declared: &[Declared], lookup: Lookup) -> TokenStream {
    let Lookup { is_of_type, registry, is_shared, name: literal, keys } = lookup;
    let name = literal.value();
    match declared_names::position(declared, &name).map(|position| &declared[position]) {
        Some(Declared { permits: Some(permits), .. })
            if is_shared && permits.base10_digits() != "1" =>
        {
            let message = format!(
                "`{name}` has {permits} permits, so it cannot be acquired with `shared`\n\
                 help: remove `shared`: up to {permits} hold it at once"
            );
            syn::Error::new(literal.span(), message).to_compile_error()
        }
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
            syn::Error::new(literal.span(), message).to_compile_error()
        }
    }
}
