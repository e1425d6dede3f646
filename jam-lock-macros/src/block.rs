//! `locked!`: a block that runs under the lock.

use proc_macro2::{Span, TokenStream};
use quote::quote;
use syn::parse::{ParseStream, Parser};
use syn::{Error, Result, Token, token};

use crate::acquisition::{Wait, acquire};
use crate::arguments::{Arguments, EXPECTED_BLOCK, FollowedBy};
use crate::at_most_every::{self, end_run};
use crate::await_check::find_await;
use crate::before_body::{bind_without_lock, borrow_guard, prologue};
use crate::body::Body;
use crate::errors::Errors;
use crate::hygiene::{Paths, hidden};
use crate::lock_order;
use crate::not_acquired::call_or_else;
use crate::on_lost::{is_dropped_when_lost, reject_on_lost, run_under_guard};
use crate::registry_paths::bracketed;

/// Expands `[runtime] [registry] arguments, { block }` to an expression.
pub(crate) fn expand(input: TokenStream) -> TokenStream {
    let mut errors = Errors::default();
    // The registry passes the first two tokens, so an error at them would not be in the user's
    // code.
    let end = input.clone().into_iter().skip(2).last();
    let end = end.map_or_else(Span::call_site, |token| token.span());
    let parse = |input: ParseStream| {
        let (runtime, names) = (bracketed(input)?, bracketed(input)?);
        let arguments = Arguments::parse(input, FollowedBy::Block, &mut errors);
        let block = if input.is_empty() {
            if errors.is_empty() {
                errors.at_span(end, "missing block: write `locked!(\"name\", { … })`");
            }
            None
        } else {
            errors.take(parse_block(input))
        };
        // Whatever follows an error is ignored.
        input.parse::<TokenStream>()?;
        Ok((runtime, names, arguments, block))
    };
    let parsed = parse.parse2(input);
    if let Ok((.., Some(arguments), _)) = &parsed {
        at_most_every::check(arguments, &[], &mut errors);
    }
    if let Ok((.., Some(arguments), Some(Block::Plain(_)))) = &parsed {
        errors.take(reject_on_lost(arguments));
    }
    match parsed {
        Ok((runtime, names, Some(arguments), Some(block))) if errors.is_empty() => {
            let paths = Paths::new(&arguments.options, runtime, names);
            locked(&arguments, &paths, &block)
        }
        // `compile_error!` fits any type, so uses of the expression cause no further errors.
        Ok((runtime, names, arguments, Some(block))) => {
            let unlocked = unlocked(arguments.as_ref(), runtime, names, &block);
            quote!({ #unlocked #errors })
        }
        Ok(_) => quote!({ #errors }),
        Err(error) => error.to_compile_error(),
    }
}

/// The block of `locked!`.
enum Block {
    /// A block that runs in the thread that waits for the lock.
    Plain(Body),
    /// A block that runs as a future: `async`, `move` if there is one, and the block itself.
    Async(TokenStream, Body),
}

/// Parses the block, after which nothing may follow.
fn parse_block(input: ParseStream) -> Result<Block> {
    let plain = input.fork();
    let asyncness: Option<Token![async]> = input.parse()?;
    let block = if asyncness.is_some() {
        let capture: Option<Token![move]> = input.parse()?;
        if !input.peek(token::Brace) {
            return Err(plain.error(EXPECTED_BLOCK));
        }
        Block::Async(quote!(#asyncness #capture), Body::parse_block(input)?)
    } else {
        if let Some(found) = plain.parse().ok().and_then(find_await) {
            let message = "`.await` is not allowed in a blocking `locked!` block: \
                           write `locked!(\"…\", async { … }).await`";
            return Err(Error::new(found, message));
        }
        Block::Plain(Body::parse_block(input)?)
    };
    input.parse::<Option<Token![,]>>()?;
    if input.is_empty() {
        Ok(block)
    } else {
        Err(input.error("the block must come last: move this before it"))
    }
}

/// The block under its lock.
fn locked(arguments: &Arguments, paths: &Paths, block: &Block) -> TokenStream {
    let prologue = prologue(arguments, paths);
    let (Block::Plain(body) | Block::Async(_, body)) = block;
    let order_checks = lock_order::checks(arguments, &paths.names, body.content());
    let prologue = quote!(#order_checks #prologue);
    match block {
        Block::Plain(body) => {
            let body =
                if prologue.is_empty() { quote!(#body) } else { quote!({ #prologue #body }) };
            section(arguments, paths, Wait::Blocking, &body)
        }
        Block::Async(asyncness, body) => {
            // `return` and `?` act on this inner block, as they would on the user's own.
            let body = quote!(#asyncness { #prologue #body });
            let on_error = is_dropped_when_lost(&arguments.options).then(|| {
                let (_, failure) = outcome(arguments, paths);
                quote!(return #failure)
            });
            let value = run_under_guard(&body, paths, on_error.as_ref());
            let section = section(arguments, paths, Wait::Async, &value);
            quote!(#asyncness #section)
        }
    }
}

/// A statement that contains the block without its lock.
///
/// So editors still know the block's content, and its variables and imports count as used.
fn unlocked(
    arguments: Option<&Arguments>,
    runtime: TokenStream,
    names: TokenStream,
    block: &Block,
) -> TokenStream {
    let bind = arguments.and_then(|arguments| {
        bind_without_lock(arguments, &Paths::new(&arguments.options, runtime, names))
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

/// An expression that acquires the lock and evaluates `body` under it.
///
/// The body's temporaries are dropped at the `let` of its value, before the guard.
fn section(arguments: &Arguments, paths: &Paths, wait: Wait, body: &TokenStream) -> TokenStream {
    let support = &paths.support;
    // The type name of a closure contains the path of the function around it.
    let function = quote!(#support::type_name_of_val(&|| ()));
    let acquire = acquire(arguments, paths, &function, wait);
    let [acquired, guard, error, value] = ["acquired", "guard", "error", "value"].map(hidden);
    let borrow_guard = borrow_guard(arguments, &guard);
    let end_run = end_run(arguments, paths, &guard, &value);
    let (success, failure) = outcome(arguments, paths);
    quote! {{
        let #acquired = #acquire;
        match #acquired {
            ::core::result::Result::Ok(#guard) => {
                #borrow_guard
                let #value = #body;
                #end_run
                #[allow(unreachable_code, reason = "the block may never end normally")]
                ::core::mem::drop(#guard);
                #success
            }
            ::core::result::Result::Err(#error) => #failure,
        }
    }}
}

/// The values of the expression after the block, and after an error.
fn outcome(arguments: &Arguments, paths: &Paths) -> (TokenStream, TokenStream) {
    let [error, value] = ["error", "value"].map(hidden);
    match &arguments.options.or_else {
        Some(or_else) => (quote!(#value), call_or_else(or_else, &error, &paths.support)),
        None => (
            quote!(::core::result::Result::Ok(#value)),
            quote!(::core::result::Result::Err(#error)),
        ),
    }
}
