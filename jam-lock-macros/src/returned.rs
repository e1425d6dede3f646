//! What a function returns.

use std::iter::Peekable;

use proc_macro2::{Group, Ident, TokenStream, TokenTree};
use quote::quote_spanned;
use syn::punctuated::Punctuated;
use syn::{GenericArgument, PathArguments, PathSegment, Type, TypeParamBound};

/// A return type for a closure or a block, so that values are coerced as to the function's.
///
/// Neither can say `impl Trait`, and infers what stands there.
pub(crate) fn without_impl(tokens: TokenStream) -> TokenStream {
    let mut tokens = tokens.into_iter().peekable();
    let mut kept = TokenStream::new();
    while let Some(token) = tokens.next() {
        match token {
            TokenTree::Ident(ident) if ident == "impl" => {
                kept.extend(quote_spanned!(ident.span()=> _));
                skip_bounds(&mut tokens);
            }
            TokenTree::Group(group) => {
                let mut inner = Group::new(group.delimiter(), without_impl(group.stream()));
                inner.set_span(group.span());
                kept.extend([TokenTree::Group(inner)]);
            }
            other => kept.extend([other]),
        }
    }
    kept
}

/// Skips the bounds of an `impl Trait`: up to the comma, or the angle, that is not theirs.
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
            // The second half of an arrow closes nothing.
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

/// The word in a return type that says that a future is returned, as `#[async_trait]` has it too.
///
/// A type of the user's own that is a future is not known by its name.
pub(crate) fn future(tokens: TokenStream) -> Option<Ident> {
    tokens.into_iter().find_map(|token| match token {
        TokenTree::Ident(ident) => {
            let is_future =
                ["Future", "IntoFuture", "BoxFuture", "LocalBoxFuture"].iter().any(|f| ident == f);
            is_future.then_some(ident)
        }
        TokenTree::Group(group) => future(group.stream()),
        _ => None,
    })
}

/// The `R` of a `Pin<Box<dyn Future<Output = R> + …>>`, which `#[async_trait]` makes of every `R`.
pub(crate) fn boxed_output(ty: &Type) -> Option<&Type> {
    let Type::TraitObject(object) = argument(argument(ty, "Pin")?, "Box")? else { return None };
    object.bounds.iter().find_map(|bound| {
        let TypeParamBound::Trait(bound) = bound else { return None };
        arguments(bound.path.segments.last()?, "Future")?.iter().find_map(|argument| match argument
        {
            GenericArgument::AssocType(output) if output.ident == "Output" => Some(&output.ty),
            _ => None,
        })
    })
}

/// The `T` of a `name<T>`, behind whatever path.
fn argument<'a>(ty: &'a Type, name: &str) -> Option<&'a Type> {
    let Type::Path(ty) = ty else { return None };
    match arguments(ty.path.segments.last()?, name)?.first()? {
        GenericArgument::Type(ty) => Some(ty),
        _ => None,
    }
}

/// What stands in the angles behind `name`.
fn arguments<'a>(
    segment: &'a PathSegment,
    name: &str,
) -> Option<&'a Punctuated<GenericArgument, syn::Token![,]>> {
    match &segment.arguments {
        PathArguments::AngleBracketed(arguments) if segment.ident == name => Some(&arguments.args),
        _ => None,
    }
}
