//! `locked!`: a block that runs under the lock.

use proc_macro2::{Span, TokenStream};
use quote::quote;
use syn::parse::{ParseStream, Parser};
use syn::{Result, Token};

use crate::acquisition::{self, Places, hidden};
use crate::arguments::Arguments;
use crate::awaits;
use crate::body::Body;
use crate::errors::Errors;
use crate::failure;
use crate::known::bracket;

/// Makes an expression of `[runtime] [registry] arguments, { block }`.
pub(crate) fn expand(input: TokenStream) -> TokenStream {
    let mut errors = Errors::default();
    // The paths in front are not the user's.
    let end = input.clone().into_iter().skip(2).last();
    let end = end.map_or_else(Span::call_site, |token| token.span());
    let parse = |input: ParseStream| {
        let (runtime, names) = (bracket(input)?, bracket(input)?);
        let arguments = Arguments::parse(input, &mut errors);
        let block = errors.take(block(input, end));
        // What follows an error is not looked at.
        input.parse::<TokenStream>()?;
        Ok((runtime, names, arguments, block))
    };
    match parse.parse2(input) {
        Ok((runtime, names, Some(arguments), Some(block))) if errors.is_empty() => {
            let places = Places::new(&arguments.options, runtime, names);
            locked(&arguments, &places, &block)
        }
        // An expression that is an error is no second one, whatever is made of it.
        Ok(_) => quote!({ #errors }),
        Err(error) => error.to_compile_error(),
    }
}

/// Reads the block, which comes last.
fn block(input: ParseStream, end: Span) -> Result<Body> {
    if input.is_empty() {
        let message = "the block to run under the lock is missing: `locked!(\"name\", { … })`";
        return Err(syn::Error::new(end, message));
    }
    if input.peek(Token![async]) {
        let message = "`locked!` does not take an `async` block yet";
        return Err(input.error(message));
    }
    if let Some(found) = input.fork().parse().ok().and_then(awaits::find) {
        let message = "a block that blocks the thread cannot wait for a future: \
                       put the `.await` in front of `locked!` or behind it";
        return Err(syn::Error::new(found, message));
    }
    let block = Body::block(input)?;
    input.parse::<Option<Token![,]>>()?;
    if input.is_empty() {
        Ok(block)
    } else {
        Err(input.error("the block comes last: move this in front of it"))
    }
}

/// The block under its lock.
///
/// All that the block made is dropped when `value` is bound, and the guard after that.
fn locked(arguments: &Arguments, places: &Places, block: &Body) -> TokenStream {
    let acquire = acquisition::acquire(arguments, places);
    let [acquired, guard, error, value] = ["acquired", "guard", "error", "value"].map(hidden);
    let bind = arguments.options.guard.as_ref().map(|bound| quote!(let #bound = &#guard;));
    let (success, failure) = match &arguments.options.or_else {
        Some(or_else) => (quote!(#value), failure::otherwise(or_else, &error, &places.support)),
        None => (
            quote!(::core::result::Result::Ok(#value)),
            quote!(::core::result::Result::Err(#error)),
        ),
    };
    quote! {{
        let #acquired = #acquire;
        match #acquired {
            ::core::result::Result::Ok(#guard) => {
                #bind
                let #value = #block;
                #[allow(unreachable_code, reason = "the block may leave by itself")]
                ::core::mem::drop(#guard);
                #success
            }
            ::core::result::Result::Err(#error) => #failure,
        }
    }}
}
