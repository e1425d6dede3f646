//! The names that a section requests, as its arguments have them.

use proc_macro2::{Ident, Span, TokenStream};
use quote::{quote, quote_spanned};
use syn::Expr;
use syn::spanned::Spanned;

use crate::arguments::Arguments;
use crate::hygiene::{Paths, beside};
use crate::lock_name::Name;
use crate::options::Options;
use crate::proofs::{name_type, nested};

/// A `LockName`, or an array of them; if a variable for the guard is bound, one name with its type, or
/// nested pairs of such.
pub(crate) fn requested_names(arguments: &Arguments, paths: &Paths) -> TokenStream {
    let binds_guard = arguments.options.guard.is_some();
    let mut names = arguments.names.iter().map(|name| match name {
        name if !binds_guard => lock_name(name, arguments, paths),
        name => typed_name(name, arguments, paths),
    });
    if arguments.has_one_name() {
        quote!(#(#names)*)
    } else if binds_guard {
        nested(&mut names)
    } else {
        quote!([#(#names),*])
    }
}

/// A name whose type says of which kind its guard is.
fn typed_name(name: &Name, arguments: &Arguments, paths: &Paths) -> TokenStream {
    let support = &paths.support;
    match name {
        Name::Literal(literal, placeholders) => {
            let ty = name_type(literal, without_permits(arguments).as_ref(), paths);
            // A value without a size, such as a `str`, is no `dyn Display`, but a reference to it is.
            let keys = keys(placeholders, arguments).map(|key| quote!(&#key));
            quote!(#support::declared_name::<#ty>(&[#(#keys),*]))
        }
        Name::Expression(_) => {
            let name = lock_name(name, arguments, paths);
            quote!(#support::other_name(#name))
        }
    }
}

/// An expression of type `LockName`.
fn lock_name(name: &Name, arguments: &Arguments, Paths { support, names }: &Paths) -> TokenStream {
    match name {
        Name::Literal(literal, placeholders) => {
            let keys = keys(placeholders, arguments);
            let keys = (!placeholders.is_empty()).then(|| quote!((#(#keys),*)));
            let argument = without_permits(arguments);
            let span = beside(literal.span());
            quote_spanned!(span=> #names::name! { [#names] #argument #literal #keys })
        }
        // It is borrowed, like the values of placeholders and `locks`.
        Name::Expression(expression) => {
            let borrowed = quote_spanned!(expression.span()=> (&(#expression)));
            let span = expression.span().resolved_at(Span::mixed_site());
            let name = quote_spanned!(span=> lock_name);
            quote!(#support::#name #borrowed)
        }
    }
}

/// The argument that a name with permits cannot have, for which the registry looks.
fn without_permits(arguments: &Arguments) -> Option<TokenStream> {
    let Options { shared, at_most_every, .. } = &arguments.options;
    let shared = shared.map(|()| quote!(shared));
    shared.or_else(|| at_most_every.as_ref().map(|_| quote!(at_most_every)))
}

/// References to the values that fill the placeholders.
fn keys<'a>(
    placeholders: &'a [Ident],
    arguments: &'a Arguments,
) -> impl Iterator<Item = TokenStream> + 'a {
    placeholders.iter().map(|placeholder| {
        let key = arguments.key(placeholder);
        // rustc reports a value that is not `Display` at its own span.
        let span = key.span();
        match key {
            // Without parentheses, the `&` would apply to a part of it.
            Expr::Binary(_) | Expr::Cast(_) => quote_spanned!(span=> &(#key)),
            _ => quote_spanned!(span=> &#key),
        }
    })
}
