//! `lock_names!`: the module `lock_names`, and the macros `locked!` and `name!`.

use proc_macro2::{Ident, Span, TokenStream};
use quote::{quote, quote_spanned};
use syn::parse::{ParseStream, Parser};

use crate::declarations::{self, Accepted, Declaration};
use crate::errors::Errors;
use crate::hygiene::hidden;
use crate::name_types::{beside_name, displayed, name_type};
use crate::registry_paths::bracketed;
use crate::template::Template;

/// Expands `[runtime] /// doc "name", …` to the registry.
pub(crate) fn expand(input: TokenStream) -> TokenStream {
    let mut errors = Errors::default();
    let parse =
        |input: ParseStream| Ok((bracketed(input)?, declarations::parse(input, &mut errors)?));
    let (runtime, declarations) = match parse.parse2(input) {
        Ok(parsed) => parsed,
        Err(error) => return error.to_compile_error(),
    };
    let Some(first) = declarations.first() else {
        if errors.is_empty() {
            let message = "expected at least one lock name, such as `\"calculation\"`";
            errors.at_span(Span::call_site(), message);
        }
        return quote!(#errors);
    };
    let start = first.start();
    let exported = exported(first, start);
    let module = module(&runtime, &declarations, &exported, start);
    let macros = macros(&runtime, &declarations, &exported, start);
    quote! {
        #errors
        #macros
        #module
    }
}

/// The names that the macros `name!` and `locked!` have in the crate root.
///
/// They depend on the first name, so that a second `lock_names!` clashes in nothing but `lock_names`. Another
/// name at the end does not change them, so that nothing that uses them is compiled again.
fn exported(first: &Declaration, start: Span) -> [Ident; 2] {
    // FNV-1a
    let hash = first.literal.value().bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    });
    ["name", "locked"].map(|name| Ident::new(&format!("__jam_lock_{name}_{hash:016x}"), start))
}

/// The module `lock_names`.
fn module(
    runtime: &TokenStream,
    declarations: &[Declaration],
    [name, locked]: &[Ident; 2],
    start: Span,
) -> TokenStream {
    let items =
        declarations.iter().enumerate().map(|(position, name)| item(runtime, position, name));
    let list = declarations.iter().map(|declaration| &declaration.literal);
    let pub_mod = quote_spanned!(start=> pub mod);
    let content = quote! {
        #(#items)*

        /// All names in the order of declaration.
        #[must_use]
        pub const fn list() -> &'static [&'static str] {
            &[#(#list),*]
        }

        #[doc(hidden)]
        #[allow(unused_imports, reason = "the module may be private")]
        pub use #name as name;
        #[doc(hidden)]
        #[allow(unused_imports, reason = "the module may be private")]
        pub use #locked as locked;
    };
    let content = quote_spanned!(start=> { #content });
    quote! {
        /// The names of this crate's locks.
        #[allow(dead_code, reason = "a program may use only some of the names")]
        #[allow(
            clippy::arbitrary_source_item_ordering,
            clippy::exhaustive_enums,
            clippy::impl_trait_in_params,
            clippy::missing_inline_in_public_items,
            clippy::pub_use,
            reason = "the items are those of the declaration, in its order"
        )]
        #pub_mod lock_names #content
    }
}

/// The constant of a plain name, or the function of a keyed one, and its type.
fn item(runtime: &TokenStream, position: usize, declaration: &Declaration) -> TokenStream {
    let Declaration { docs, literal, accepted, permits } = declaration;
    let Some(accepted) = accepted else { return TokenStream::new() };
    let Accepted { template, item, ty } = accepted;
    let Template { literals, placeholders } = &**template;
    let registry = quote!(::core::module_path!());
    let lock_name = quote!(#runtime::LockName);
    let keys = hidden("keys");
    let with_permits = |name| match permits {
        Some(permits) => quote!(#runtime::macro_support::with_permits(#name, #permits)),
        None => name,
    };
    if placeholders.is_empty() {
        let constant = beside_name(item);
        let name_type = name_type(runtime, declaration, accepted, &keys, &quote!(#constant));
        let name =
            with_permits(quote!(#runtime::macro_support::declared(#literal, #registry, #position)));
        let pub_const = quote_spanned!(declaration.start()=> pub const);
        return quote_spanned! {item.span()=>
            #(#docs)*
            #pub_const #item: #lock_name = #name;
            #name_type
        };
    }
    let with_keys = with_permits(quote! {
        #runtime::macro_support::keyed(&[#(#literals),*], #registry, #position, #keys)
    });
    let name_type = name_type(runtime, declaration, accepted, &keys, &with_keys);
    let keys: Vec<_> = placeholders.iter().map(|placeholder| hidden(placeholder)).collect();
    let (ty, displayed) = (beside_name(ty), displayed(item.span()));
    let parameters = quote!((#(#keys: #displayed),*));
    let body = quote!({ <#ty as #runtime::DeclaredName>::name(&[#(&#keys),*]) });
    let pub_fn = quote_spanned!(declaration.start()=> pub fn);
    quote! {
        #(#docs)*
        #[must_use]
        #pub_fn #item #parameters -> #lock_name #body
        #name_type
    }
}

/// The macros `name!` and `locked!`.
///
/// Other crates use them through the module; in this crate `locked!` is in scope as well. Exported
/// macros land in the crate root, where `locked` would collide with an import of the attribute, so
/// they get names of their own.
fn macros(
    runtime: &TokenStream,
    declarations: &[Declaration],
    [exported_name, exported_locked]: &[Ident; 2],
    start: Span,
) -> TokenStream {
    let names = declarations.iter().map(|Declaration { literal, accepted, permits, .. }| {
        let item = accepted.as_ref().map(|accepted| &accepted.item);
        quote!(#literal #item #permits)
    });
    let name = quote! {
        ($($tokens:tt)*) => {
            #runtime::macro_support::name! { [#runtime] [#(#names)*] $($tokens)* }
        };
    };
    // With the user's span, it is the user's crate.
    let user_crate = quote_spanned!(start=> $crate);
    let locked = Ident::new("locked", start);
    let block = quote! {
        ($($tokens:tt)*) => {
            #runtime::macro_support::block! { [#runtime] [#user_crate::lock_names] $($tokens)* }
        };
    };
    quote! {
        #[doc(hidden)]
        #[macro_export]
        macro_rules! #exported_name { #name }

        #[doc(hidden)]
        #[macro_export]
        macro_rules! #exported_locked { #block }

        /// Runs a block while a lock is held, as in `locked!("name", timeout = 10, { … })?`. The arguments are those
        /// of `#[locked]`.
        #[allow(unused_macros, reason = "a program may use only the attribute")]
        macro_rules! #locked { #block }
    }
}

#[cfg(test)]
mod tests {
    use super::expand;

    /// The name of the exported macro `name!`, through which all uses go.
    fn exported_name(declarations: &str) -> String {
        let tokens = format!("[jam_lock] {declarations}").parse().expect("tokens");
        let expanded = expand(tokens).to_string();
        let mut words = expanded.split_whitespace();
        words.find(|word| word.starts_with("__jam_lock_name_")).expect("a macro").to_owned()
    }

    #[test]
    fn another_name_at_the_end_changes_nothing_that_other_names_depend_on() {
        assert_eq!(exported_name(r#""first""#), exported_name(r#""first", "second""#));
        assert_ne!(exported_name(r#""first""#), exported_name(r#""second""#));
    }
}
