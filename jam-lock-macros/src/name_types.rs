//! The type of each name, by which a proof says which lock is held.

use proc_macro2::{Ident, Span, TokenStream};
use quote::{format_ident, quote_spanned};

use crate::declarations::{Accepted, Declaration};

/// The type of a declared name, which has no values.
///
/// `with_keys` is an expression of type `LockName` that may use `keys`, a slice.
///
/// With a macro's span, the items are exempt from the user's lints.
pub(crate) fn name_type(
    runtime: &TokenStream,
    declaration: &Declaration,
    accepted: &Accepted,
    keys: &Ident,
    with_keys: &TokenStream,
) -> TokenStream {
    let Declaration { docs, literal, .. } = declaration;
    let Accepted { template, item, .. } = accepted;
    let span = Span::mixed_site().located_at(item.span());
    let ty = Ident::new(&accepted.ty.to_string(), span);
    let values = template.placeholders.iter().map(|name| format_ident!("{name}", span = span));
    let values = values.collect::<Vec<_>>();
    let parameters = quote_spanned!(span=> #(#values: impl ::core::fmt::Display),*);
    let [about, lock, lock_in] = documentation(&literal.value(), &ty, &values);
    let declared_lock = quote_spanned!(span=> #runtime::DeclaredLock<#runtime::Held<Self>>);
    let support = quote_spanned!(span=> #runtime::macro_support);
    quote_spanned! {span=>
        #(#docs)*
        #[doc = #about]
        pub enum #ty {}

        impl #ty {
            #[doc = #lock]
            pub fn lock(#parameters) -> ::core::result::Result<#declared_lock, #runtime::LockError> {
                #support::lock(&[#(&#values),*])
            }

            #[doc = #lock_in]
            pub fn lock_in(locks: &#runtime::Locks, #parameters) -> #declared_lock {
                #support::lock_in(locks, &[#(&#values),*])
            }
        }

        impl #runtime::DeclaredName for #ty {
            const NAME: &'static str = #literal;

            fn name(#keys: &[&dyn ::core::fmt::Display]) -> #runtime::LockName {
                #with_keys
            }
        }
    }
}

/// The documentation of a type and its functions, after that of the name.
fn documentation(name: &str, ty: &Ident, keys: &[Ident]) -> [String; 3] {
    let which = if keys.is_empty() { "this lock" } else { "one of these locks" };
    let keys = keys.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
    [
        format!(
            "\n\nAs a type: a `&Held<lock_names::{ty}>` proves that {which} is held. \
             `#[locked({name:?}, guard = held)]` binds one, and \
             `lock_names::{ty}::lock({keys})?.acquire()?` returns a `Held`."
        ),
        format!(
            "The lock `{name}` of the default locks, not yet acquired.\n\n\
             # Errors\nAs `jam_lock::default_locks`."
        ),
        format!("The lock `{name}` of `locks`, not yet acquired."),
    ]
}
