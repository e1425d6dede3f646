//! `lock_names!`: the module of constants, the check of literals and the block macro.

use proc_macro2::{Ident, Span, TokenStream};
use quote::{quote, quote_spanned};
use syn::parse::{ParseStream, Parser};

use crate::errors::Errors;
use crate::known::bracket;
use crate::names::{self, Accepted, Declaration};
use crate::template::Template;

/// Makes the registry of `[runtime] /// doc "name", …`.
pub(crate) fn expand(input: TokenStream) -> TokenStream {
    let mut errors = Errors::default();
    let parse = |input: ParseStream| Ok((bracket(input)?, names::parse(input, &mut errors)?));
    let (runtime, declarations) = match parse.parse2(input) {
        Ok(parsed) => parsed,
        Err(error) => return error.to_compile_error(),
    };
    let Some(first) = declarations.first() else {
        if errors.is_empty() {
            let message = "declare at least one lock name, such as `\"calculation\"`";
            errors.on(Span::call_site(), message);
        }
        return quote!(#errors);
    };
    // The names of what is made here, and the `crate` of its `$crate`, are the caller's.
    let span = first.literal.span();
    let module = module(&runtime, &declarations, span);
    let macros = macros(&runtime, &declarations, span);
    quote! {
        #errors
        #macros
        #module
    }
}

/// The module `lock_names`, which people see.
fn module(runtime: &TokenStream, declarations: &[Declaration], span: Span) -> TokenStream {
    let items =
        declarations.iter().enumerate().map(|(position, name)| item(runtime, position, name));
    let list = declarations.iter().map(|declaration| &declaration.literal);
    quote_spanned! {span=>
        /// The names of this crate's locks.
        #[allow(dead_code, reason = "not every program that shares the names uses all of them")]
        pub mod lock_names {
            #(#items)*

            /// All names as they were declared, in that order.
            #[must_use]
            pub const fn list() -> &'static [&'static str] {
                &[#(#list),*]
            }

            #[doc(hidden)]
            #[allow(unused_imports, reason = "the module may be private")]
            pub use __jam_lock_name as name;
            #[doc(hidden)]
            #[allow(unused_imports, reason = "the module may be private")]
            pub use __jam_lock_locked as locked;
        }
    }
}

/// The constant that a name makes, or the function of its keys.
fn item(runtime: &TokenStream, position: usize, declaration: &Declaration) -> TokenStream {
    let Declaration { docs, literal, accepted } = declaration;
    let Some(Accepted { template, item }) = accepted else { return TokenStream::new() };
    let Template { literals, holes } = &**template;
    let registry = quote!(::core::module_path!());
    // Where a comment is missing, the user's lint points at the name.
    if holes.is_empty() {
        return quote_spanned! {item.span()=>
            #(#docs)*
            pub const #item: #runtime::LockName =
                #runtime::macro_support::declared(#literal, #registry, #position);
        };
    }
    // A lint about a parameter would be about what is made here.
    let place = Span::mixed_site().located_at(item.span());
    let keys = holes.iter().map(|hole| Ident::new(hole, place));
    let parameters =
        keys.clone().map(|key| quote_spanned!(place=> #key: impl ::core::fmt::Display));
    let parameters = quote!((#(#parameters),*));
    let body = quote!({
        #runtime::macro_support::keyed(&[#(#literals),*], #registry, #position, &[#(&#keys),*])
    });
    quote_spanned! {item.span()=>
        #(#docs)*
        #[must_use]
        pub fn #item #parameters -> #runtime::LockName #body
    }
}

/// The macros, which other crates reach through the module and this one by their scope too.
///
/// What is exported stands in the crate root under a name that nobody else has: `locked` there
/// would collide with an import of the attribute.
fn macros(runtime: &TokenStream, declarations: &[Declaration], span: Span) -> TokenStream {
    let names = declarations.iter().map(|Declaration { literal, accepted, .. }| {
        let item = accepted.as_ref().map(|accepted| &accepted.item);
        quote!(#literal #item)
    });
    let name = quote_spanned! {span=>
        ($($tokens:tt)*) => {
            #runtime::macro_support::name! { [#runtime] [#(#names)*] $($tokens)* }
        };
    };
    let block = quote_spanned! {span=>
        ($($tokens:tt)*) => {
            #runtime::macro_support::block! { [#runtime] [$crate::lock_names] $($tokens)* }
        };
    };
    quote_spanned! {span=>
        #[doc(hidden)]
        #[macro_export]
        macro_rules! __jam_lock_name { #name }

        #[doc(hidden)]
        #[macro_export]
        macro_rules! __jam_lock_locked { #block }

        #[allow(unused_macros, reason = "the attribute may be all that is used")]
        macro_rules! locked { #block }
    }
}
