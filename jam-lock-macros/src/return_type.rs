//! What the macros read from a function's return type, and what they leave out of it.

use std::iter::Peekable;

use proc_macro2::{Group, Ident, TokenStream, TokenTree};
use quote::quote_spanned;
use syn::punctuated::Punctuated;
use syn::{GenericArgument, PathArguments, PathSegment, Type, TypeParamBound};

/// The return type with `_` for each `impl Trait`.
///
/// With it as their type, the values of a closure or a block are coerced as the function's are, but
/// only a function can return `impl Trait`.
pub(crate) fn without_impl_trait(tokens: TokenStream) -> TokenStream {
    let mut tokens = tokens.into_iter().peekable();
    let mut kept = TokenStream::new();
    while let Some(token) = tokens.next() {
        match token {
            TokenTree::Ident(ident) if ident == "impl" => {
                kept.extend(quote_spanned!(ident.span()=> _));
                skip_bounds(&mut tokens);
            }
            TokenTree::Group(group) => {
                let mut inner = Group::new(group.delimiter(), without_impl_trait(group.stream()));
                inner.set_span(group.span());
                kept.extend([TokenTree::Group(inner)]);
            }
            other => kept.extend([other]),
        }
    }
    kept
}

/// Skips the bounds of an `impl Trait`, up to the first comma or `>` that is not part of them.
fn skip_bounds(tokens: &mut Peekable<impl Iterator<Item = TokenTree>>) {
    let (mut depth, mut is_after_minus) = (0_usize, false);
    while let Some(token) = tokens.peek() {
        let punct = match token {
            TokenTree::Punct(punct) => punct.as_char(),
            _ => ' ',
        };
        match punct {
            '<' => depth += 1,
            ',' if depth == 0 => return,
            // The `>` of an arrow closes nothing.
            '>' if !is_after_minus => match depth.checked_sub(1) {
                Some(outer) => depth = outer,
                None => return,
            },
            _ => {}
        }
        is_after_minus = punct == '-';
        tokens.next();
    }
}

/// The word in a return type that shows that a future is returned, as by `#[async_trait]`.
///
/// A user's own future type cannot be recognized by its name.
pub(crate) fn find_future(tokens: TokenStream) -> Option<Ident> {
    tokens.into_iter().find_map(|token| match token {
        TokenTree::Ident(ident) => {
            let is_future =
                ["Future", "IntoFuture", "BoxFuture", "LocalBoxFuture"].iter().any(|f| ident == f);
            is_future.then_some(ident)
        }
        TokenTree::Group(group) => find_future(group.stream()),
        _ => None,
    })
}

/// The `R` of a `Pin<Box<dyn Future<Output = R> + …>>`, which `#[async_trait]` makes of any `R`.
pub(crate) fn boxed_output(ty: &Type) -> Option<&Type> {
    let Type::TraitObject(object) = type_argument(type_argument(ty, "Pin")?, "Box")? else {
        return None;
    };
    object.bounds.iter().find_map(|bound| {
        let TypeParamBound::Trait(bound) = bound else { return None };
        generic_arguments(bound.path.segments.last()?, "Future")?.iter().find_map(|argument| {
            match argument {
                GenericArgument::AssocType(output) if output.ident == "Output" => Some(&output.ty),
                _ => None,
            }
        })
    })
}

/// The `T` of a `name<T>` with any path before it.
fn type_argument<'a>(ty: &'a Type, name: &str) -> Option<&'a Type> {
    let Type::Path(ty) = ty else { return None };
    match generic_arguments(ty.path.segments.last()?, name)?.first()? {
        GenericArgument::Type(ty) => Some(ty),
        _ => None,
    }
}

/// The generic arguments of `name`.
fn generic_arguments<'a>(
    segment: &'a PathSegment,
    name: &str,
) -> Option<&'a Punctuated<GenericArgument, syn::Token![,]>> {
    match &segment.arguments {
        PathArguments::AngleBracketed(arguments) if segment.ident == name => Some(&arguments.args),
        _ => None,
    }
}
