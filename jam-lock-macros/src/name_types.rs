//! The type of each name, by which a proof says which lock is held.

use proc_macro2::{Delimiter, Group, Ident, Span, TokenStream};
use quote::quote_spanned;

use crate::declarations::{Accepted, Declaration};
use crate::hygiene::hidden;

/// The type of a declared name, which has no values.
///
/// `with_keys` is an expression of type `LockName` that may use `keys`, a slice.
///
/// With a macro's span, the items are exempt from the user's lints. rustc shows an item from its first to its last
/// token, so those are at the declaration.
pub(crate) fn name_type(
    runtime: &TokenStream,
    declaration: &Declaration,
    accepted: &Accepted,
    keys: &Ident,
    with_keys: &TokenStream,
) -> TokenStream {
    let Declaration { docs, literal, .. } = declaration;
    let Accepted { template, item, ty } = accepted;
    let span = Span::mixed_site();
    let [start, end] = [declaration.start(), item.span()].map(|it| span.located_at(it));
    let pub_enum = quote_spanned!(start=> pub enum);
    let declared = quote_spanned!(end=> #pub_enum #ty {});
    let ty = beside_name(ty);
    let [start_impl, for_type] = [quote_spanned!(start=> impl), quote_spanned!(end=> (#ty))];
    let values: Vec<_> = template.placeholders.iter().map(|name| hidden(name)).collect();
    let displayed = displayed(item.span());
    let parameters = quote_spanned!(span=> #(#values: #displayed),*);
    let [about, lock, lock_in] = documentation(&literal.value(), &ty, &values);
    let declared_lock = quote_spanned!(span=> #runtime::DeclaredLock<#runtime::Held<Self>>);
    let support = quote_spanned!(span=> #runtime::macro_support);
    quote_spanned! {span=>
        #(#docs)*
        #[doc = #about]
        #declared

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

        #start_impl #runtime::DeclaredName for #for_type {
            const NAME: &'static str = #literal;

            fn name(#keys: &[&dyn ::core::fmt::Display]) -> #runtime::LockName {
                #with_keys
            }
        }
    }
}

/// The type of a key, `impl Display`, whose bound rustc shows at the name.
pub(crate) fn displayed(name: Span) -> TokenStream {
    let span = Span::mixed_site();
    let mut bound = Group::new(Delimiter::Parenthesis, quote_spanned!(span=> ::core::fmt::Display));
    bound.set_span(span.located_at(name));
    quote_spanned!(span=> impl #bound)
}

/// A use of an item that is not at the name, where editors look for what is declared.
pub(crate) fn beside_name(item: &Ident) -> Ident {
    hidden(&item.to_string())
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
