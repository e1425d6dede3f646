//! `lock_names!`: the module of constants, the check of literals and the block macro.

use proc_macro2::{Span, TokenStream};
use quote::{quote, quote_spanned};
use syn::parse::{ParseStream, Parser};

use crate::errors::Errors;
use crate::known::bracket;
use crate::names::{self, Declaration};

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
    let accepted = || {
        declarations.iter().filter_map(|declaration| {
            declaration.constant.as_ref().map(|constant| (declaration, constant))
        })
    };
    let constants = accepted().map(|(Declaration { docs, literal, .. }, constant)| {
        // Where a comment is missing, the user's lint points at the name.
        quote_spanned! {constant.span()=>
            #(#docs)*
            pub const #constant: #runtime::LockName = #runtime::macro_support::declared(#literal);
        }
    });
    let list = accepted().map(|(_, constant)| constant);
    let count = list.clone().count();
    quote_spanned! {span=>
        // A name may be used as a literal only, and is not dead for that.
        const _: fn() -> &'static [#runtime::LockName] = lock_names::list;

        /// The names of this crate's locks.
        pub mod lock_names {
            #(#constants)*

            /// All names, in the order in which they are declared.
            #[must_use]
            pub fn list() -> &'static [#runtime::LockName] {
                static LIST: [#runtime::LockName; #count] = [#(#list),*];
                &LIST
            }

            #[doc(hidden)]
            pub use __jam_lock_name as name;
            #[doc(hidden)]
            pub use __jam_lock_locked as locked;
        }
    }
}

/// The macros, which other crates reach through the module and this one by their scope too.
///
/// What is exported stands in the crate root under a name that nobody else has: `locked` there
/// would collide with an import of the attribute.
fn macros(runtime: &TokenStream, declarations: &[Declaration], span: Span) -> TokenStream {
    let names = declarations.iter().map(|declaration| &declaration.literal);
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
