//! The statements between the acquisition and the body: `guard = …` and `recover = …`.

use proc_macro2::{Ident, TokenStream};
use quote::{quote, quote_spanned};
use syn::spanned::Spanned;

use crate::arguments::Arguments;
use crate::hygiene::{Paths, hidden};
use crate::not_acquired::edges_at;
use crate::options::Options;
use crate::proofs;

/// A statement that borrows the guard or the guards for [`prologue`], if that needs them.
pub(crate) fn borrow_guard(arguments: &Arguments, guard: &Ident) -> Option<TokenStream> {
    let Options { guard: bound, recover, .. } = &arguments.options;
    let borrowed = hidden("borrowed");
    (bound.is_some() || recover.is_some()).then(|| quote!(let #borrowed = &#guard;))
}

/// Statements that run under the lock before the body.
///
/// They bind the variable of `guard`, and run the recovery, whose error is returned as by a `?` in
/// the body.
pub(crate) fn prologue(arguments: &Arguments, Paths { support, .. }: &Paths) -> TokenStream {
    let Options { guard, recover, .. } = &arguments.options;
    let borrowed = hidden("borrowed");
    let bind = guard.as_ref().map(|bound| proofs::bind(arguments, bound, &borrowed));
    let recover = recover.as_ref().map(|recover| {
        let support = edges_at(recover.span(), support.clone());
        let call = quote_spanned!(recover.span()=> (#borrowed, #recover)?);
        quote! {
            #[allow(clippy::question_mark_used, reason = "it returns what a `?` in the body would")]
            #support::recover #call;
        }
    });
    quote!(#bind #recover)
}

/// A statement that gives the variable of `guard` its type without a lock.
///
/// For a body whose arguments are wrong, so that its uses of the variable cause no further errors.
pub(crate) fn bind_without_lock(arguments: &Arguments, paths: &Paths) -> Option<TokenStream> {
    let bound = arguments.options.guard.as_ref()?;
    let (support, ty) = (&paths.support, proofs::bound_type(arguments, paths));
    Some(quote! {
        #[allow(unused_variables, reason = "another error is reported already")]
        let #bound: #ty = #support::unheld();
    })
}
