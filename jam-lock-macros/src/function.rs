//! `#[locked]`: the function that runs its body under the lock.

use proc_macro2::{Ident, TokenStream};
use quote::{ToTokens, quote, quote_spanned};
use syn::ext::IdentExt;
use syn::parse::{Parse, ParseStream, Parser};
use syn::{Abi, Attribute, Error, Result, ReturnType, Signature, Token, Visibility};

use crate::acquisition::{self, Places, refuse_to_stop};
use crate::arguments::{Arguments, Before};
use crate::attributes::is_inert;
use crate::body::Body;
use crate::errors::Errors;
use crate::parameters::{self, Moved, is_by_value};
use crate::returned::{boxed_output, future};
use crate::section::Section;

/// Makes the function that locks, or leaves it as it is beside the errors, so that only these are
/// told, and an editor still knows what is in it.
pub(crate) fn expand(written: &TokenStream, item: &TokenStream) -> TokenStream {
    let mut errors = Errors::default();
    let parse = |input: ParseStream| Ok(Arguments::parse(input, Before::Nothing, &mut errors));
    let arguments = parse.parse2(written.clone());
    let arguments = errors.take(arguments).flatten();
    let function = errors.take(Function::parse.parse2(item.clone()));
    if let (Some(arguments), Some(function)) = (&arguments, &function) {
        let is_async = function.signature.asyncness.is_some();
        if !is_async && boxed(&function.signature, &function.body).is_none() {
            errors.take(refuse_to_stop(arguments));
        }
    }
    match (arguments, function) {
        (Some(arguments), Some(function)) if errors.is_empty() => function.locked(&arguments),
        (Some(arguments), Some(function)) if arguments.options.guard.is_some() => {
            let function = function.unlocked(&arguments);
            quote!(#errors #function)
        }
        _ => quote!(#errors #item),
    }
}

/// A function with its body as it was written.
struct Function {
    attributes: Vec<Attribute>,
    visibility: Visibility,
    signature: Signature,
    inner_attributes: Vec<Attribute>,
    body: Body,
}

impl Parse for Function {
    fn parse(input: ParseStream) -> Result<Self> {
        let attributes = input.call(Attribute::parse_outer)?;
        let visibility = input.parse()?;
        if !is_function(input) {
            return Err(input.error("`#[locked]` belongs on a function: it locks its body"));
        }
        let signature: Signature = input.parse()?;
        if input.peek(Token![;]) {
            let message = "there is no body here to lock: \
                           put `#[locked]` on the functions that implement this one";
            return Err(input.error(message));
        }
        let (inner_attributes, body) = Body::function(input)?;
        refuse(&signature, &body)?;
        Ok(Self { attributes, visibility, signature, inner_attributes, body })
    }
}

impl Function {
    /// The same function, whose body runs under the lock.
    fn locked(self, arguments: &Arguments) -> TokenStream {
        let Self { attributes, visibility, mut signature, inner_attributes, body } = self;
        let places = places(arguments);
        let section =
            |output| Section { arguments, places: &places, ident: &signature.ident, output };
        let statements = if let Some((output, (function, body))) = boxed(&signature, &body) {
            let body = body.map(|body| parameters::using(body, &arguments.expressions()));
            let section = section(&output).boxed(&body);
            quote!(#function(#section))
        } else {
            let is_documentable = attributes.iter().all(is_inert);
            let moved = Moved::new(&signature.inputs, &arguments.expressions(), is_documentable);
            let receiver = signature.receiver().filter(|receiver| is_by_value(receiver));
            let receiver = receiver.map(|receiver| receiver.self_token);
            let section = section(&signature.output);
            let statements = match signature.asyncness {
                None => section.blocking(receiver, &moved.moves, &body),
                Some(_) => section.asynchronous(receiver, &moved.moves, &body),
            };
            signature.inputs = moved.parameters;
            statements
        };
        // rustc takes a block that stands where the function's own does for that one, and says of
        // a tail that is missing there what it says of a plain function.
        let braces = body.braces_around(quote!(#(#inner_attributes)* #statements));
        quote! {
            #(#attributes)*
            #visibility #signature #braces
        }
    }

    /// The same function, which has what its body calls the guard, but no lock.
    fn unlocked(self, arguments: &Arguments) -> TokenStream {
        let Self { attributes, visibility, signature, inner_attributes, body } = self;
        let bind = acquisition::bind_nothing(arguments, &places(arguments));
        let content = body.content();
        let braces = body.braces_around(quote!(#(#inner_attributes)* #bind #content));
        quote! {
            #(#attributes)*
            #visibility #signature #braces
        }
    }
}

/// What `#[async_trait]` has made of an `async fn`: its own return type, what boxes its future, and
/// the future's body.
fn boxed(signature: &Signature, body: &Body) -> Option<(ReturnType, (TokenStream, Body))> {
    let ReturnType::Type(arrow, ty) = &signature.output else { return None };
    let output = boxed_output(ty)?;
    Some((ReturnType::Type(*arrow, Box::new(output.clone())), body.boxed()?))
}

/// Where a function finds what it calls.
///
/// The paths start where the name is: what started in the attribute, rustc would underline there.
fn places(Arguments { names, options, .. }: &Arguments) -> Places {
    let span = names[0].span();
    let runtime = quote_spanned!(span=> ::jam_lock);
    Places::new(options, runtime, quote_spanned!(span=> crate::lock_names))
}

/// Whether a function is next, whatever qualifies it, in whatever order.
fn is_function(input: ParseStream) -> bool {
    let ahead = input.fork();
    loop {
        let is_qualifier =
            ahead.peek(Token![const]) || ahead.peek(Token![async]) || ahead.peek(Token![unsafe]);
        if is_qualifier {
            // It was seen, and can be read.
            let _ = ahead.call(Ident::parse_any);
        } else if ahead.peek(Token![extern]) {
            // What is malformed shows in what follows.
            let _ = ahead.parse::<Abi>();
        } else {
            return ahead.peek(Token![fn]);
        }
    }
}

/// Refuses the functions that cannot wait for a lock.
fn refuse(signature: &Signature, body: &Body) -> Result<()> {
    if let Some(constness) = &signature.constness {
        let message = "a `const fn` cannot be locked: it may run in the compiler";
        return Err(Error::new_spanned(constness, message));
    }
    if boxed(signature, body).is_some() {
        return Ok(());
    }
    if let Some(future) = future(signature.output.to_token_stream()) {
        let message = "the future that is returned would run after the lock was released: \
                       write an `async fn`, or lock inside the future";
        return Err(Error::new_spanned(future, message));
    }
    Ok(())
}
