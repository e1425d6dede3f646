//! `locked!`: a block that runs under the lock.

use proc_macro2::{Span, TokenStream};
use quote::quote;
use syn::parse::{ParseStream, Parser};
use syn::{Error, Result, Token, token};

use crate::acquisition::{self, Places, Wait, ends_when_lost, hidden, refuse_to_stop};
use crate::arguments::{Arguments, Before};
use crate::awaits;
use crate::body::Body;
use crate::errors::Errors;
use crate::failure;
use crate::known::bracket;
use crate::nested;

/// Makes an expression of `[runtime] [registry] arguments, { block }`.
pub(crate) fn expand(input: TokenStream) -> TokenStream {
    let mut errors = Errors::default();
    // The paths in front are not the user's.
    let end = input.clone().into_iter().skip(2).last();
    let end = end.map_or_else(Span::call_site, |token| token.span());
    let parse = |input: ParseStream| {
        let (runtime, names) = (bracket(input)?, bracket(input)?);
        let arguments = Arguments::parse(input, Before::Block, &mut errors);
        let block = if input.is_empty() {
            if errors.is_empty() {
                let message =
                    "the block to run under the lock is missing: `locked!(\"name\", { … })`";
                errors.on(end, message);
            }
            None
        } else {
            errors.take(block(input))
        };
        // What follows an error is not looked at.
        input.parse::<TokenStream>()?;
        Ok((runtime, names, arguments, block))
    };
    let parsed = parse.parse2(input);
    if let Ok((.., Some(arguments), Some(Block::Plain(_)))) = &parsed {
        errors.take(refuse_to_stop(arguments));
    }
    match parsed {
        Ok((runtime, names, Some(arguments), Some(block))) if errors.is_empty() => {
            let places = Places::new(&arguments.options, runtime, names);
            locked(&arguments, &places, &block)
        }
        // An expression that is an error is no second one, whatever is made of it.
        Ok((runtime, names, arguments, Some(block))) => {
            let unlocked = unlocked(arguments.as_ref(), runtime, names, &block);
            quote!({ #unlocked #errors })
        }
        Ok(_) => quote!({ #errors }),
        Err(error) => error.to_compile_error(),
    }
}

/// What runs under the lock.
enum Block {
    /// In the thread that waits for the lock.
    Plain(Body),
    /// In a future: `async`, `move` where that was written, and the block.
    Async(TokenStream, Body),
}

/// Reads the block, which comes last.
fn block(input: ParseStream) -> Result<Block> {
    let plain = input.fork();
    let asyncness: Option<Token![async]> = input.parse()?;
    let block = if asyncness.is_some() {
        let capture: Option<Token![move]> = input.parse()?;
        if !input.peek(token::Brace) {
            return Err(plain.error("the block has to be a plain `{ … }` or an `async` one"));
        }
        Block::Async(quote!(#asyncness #capture), Body::block(input)?)
    } else {
        if let Some(found) = plain.parse().ok().and_then(awaits::find) {
            let message = "a block that blocks the thread cannot wait for a future: \
                           write `locked!(\"…\", async { … }).await`";
            return Err(Error::new(found, message));
        }
        Block::Plain(Body::block(input)?)
    };
    input.parse::<Option<Token![,]>>()?;
    if input.is_empty() {
        Ok(block)
    } else {
        Err(input.error("the block comes last: move this in front of it"))
    }
}

/// The block under its lock.
fn locked(arguments: &Arguments, places: &Places, block: &Block) -> TokenStream {
    let begin = acquisition::begin(arguments, places);
    let (Block::Plain(body) | Block::Async(_, body)) = block;
    let questions = nested::questions(arguments, &places.names, body.content());
    let begin = quote!(#questions #begin);
    match block {
        Block::Plain(body) => {
            let body = if begin.is_empty() { quote!(#body) } else { quote!({ #begin #body }) };
            section(arguments, places, Wait::Blocking, &body)
        }
        Block::Async(asyncness, body) => {
            // `return` and `?` leave the inner block, as they would leave the user's own.
            let body = quote!(#asyncness { #begin #body });
            let leave = ends_when_lost(&arguments.options).then(|| {
                let (_, failure) = outcome(arguments, places);
                quote!(return #failure)
            });
            let value = acquisition::within(&body, places, leave.as_ref());
            let section = section(arguments, places, Wait::Async, &value);
            quote!(#asyncness #section)
        }
    }
}

/// A statement that has the block in it, without its lock, so that an editor still knows what is
/// there, and no use of a variable or of an import is missed.
fn unlocked(
    arguments: Option<&Arguments>,
    runtime: TokenStream,
    names: TokenStream,
    block: &Block,
) -> TokenStream {
    let bind = arguments.and_then(|arguments| {
        acquisition::bind_nothing(arguments, &Places::new(&arguments.options, runtime, names))
    });
    let block = match block {
        Block::Plain(body) => quote!(#body),
        Block::Async(asyncness, body) => quote!(#asyncness #body),
    };
    quote! {
        if false {
            #bind
            let _ = #block;
        }
    }
}

/// A block that acquires the lock and evaluates `value`.
///
/// All that this made is dropped when it is bound, and the guard after that.
fn section(arguments: &Arguments, places: &Places, wait: Wait, made: &TokenStream) -> TokenStream {
    let support = &places.support;
    // The compiler names a closure by the function that it is in.
    let function = quote!(#support::type_name_of_val(&|| ()));
    let acquire = acquisition::acquire(arguments, places, &function, wait);
    let [acquired, guard, error, value] = ["acquired", "guard", "error", "value"].map(hidden);
    let show = acquisition::show(arguments, &guard);
    let (success, failure) = outcome(arguments, places);
    quote! {{
        let #acquired = #acquire;
        match #acquired {
            ::core::result::Result::Ok(#guard) => {
                #show
                let #value = #made;
                #[allow(unreachable_code, reason = "the block may leave by itself")]
                ::core::mem::drop(#guard);
                #success
            }
            ::core::result::Result::Err(#error) => #failure,
        }
    }}
}

/// What the block's value, or the error that came instead, becomes.
fn outcome(arguments: &Arguments, places: &Places) -> (TokenStream, TokenStream) {
    let [error, value] = ["error", "value"].map(hidden);
    match &arguments.options.or_else {
        Some(or_else) => (quote!(#value), failure::otherwise(or_else, &error, &places.support)),
        None => (
            quote!(::core::result::Result::Ok(#value)),
            quote!(::core::result::Result::Err(#error)),
        ),
    }
}
