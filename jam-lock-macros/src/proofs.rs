//! The proofs that `guard = …` binds.

use proc_macro2::{Ident, TokenStream};
use quote::{format_ident, quote, quote_spanned};
use syn::LitStr;

use crate::arguments::Arguments;
use crate::hygiene::{Paths, beside, hidden};
use crate::lock_name::Name;

/// A statement that binds what proves that the locks of `guard` are held, a hidden variable.
pub(crate) fn bind(arguments: &Arguments, bound: &Ident, guard: &Ident) -> TokenStream {
    if arguments.has_one_name() {
        return quote!(let #bound = #guard;);
    }
    let positions = 0..arguments.names.len();
    let proofs: Vec<_> = positions.map(|it| hidden(&format!("proof_{it}"))).collect();
    let pattern = nested(&mut proofs.iter().map(|proof| quote!(#proof)));
    quote!(let #pattern = #guard.proofs(); let #bound = (#(#proofs),*);)
}

/// The type of what [`bind`] binds.
pub(crate) fn bound_type(arguments: &Arguments, paths: &Paths) -> TokenStream {
    let Paths { support, .. } = paths;
    let held = if arguments.options.shared.is_some() { "HeldShared" } else { "Held" };
    let held = format_ident!("{held}");
    let types = arguments.names.iter().map(|name| match name {
        Name::Literal(literal, _) => {
            let ty = name_type(literal, None, paths);
            quote!(&#support::#held<#ty>)
        }
        Name::Expression(_) => quote!(&#support::LockGuard),
    });
    if arguments.has_one_name() { quote!(#(#types)*) } else { quote!((#(#types),*)) }
}

/// The type of a literal name; `argument` is one that a name with permits cannot have.
pub(crate) fn name_type(
    literal: &LitStr,
    argument: Option<&TokenStream>,
    Paths { names, .. }: &Paths,
) -> TokenStream {
    let span = beside(literal.span());
    quote_spanned!(span=> #names::name! { type [#names] #argument #literal })
}

/// `(first, (second, ()))`.
pub(crate) fn nested(items: &mut dyn DoubleEndedIterator<Item = TokenStream>) -> TokenStream {
    items.rfold(quote!(()), |rest, item| quote!((#item, #rest)))
}
