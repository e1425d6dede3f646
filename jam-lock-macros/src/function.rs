//! `#[locked]`: a function that runs its body under the lock.

use proc_macro2::{Ident, Span, TokenStream};
use quote::{ToTokens, quote, quote_spanned};
use syn::ext::IdentExt;
use syn::parse::{ParseStream, Parser};
use syn::{Abi, Attribute, Error, FnArg, Result, ReturnType, Signature, Token, Visibility};

use crate::arguments::{Arguments, FollowedBy};
use crate::at_most_every;
use crate::before_body::bind_without_lock;
use crate::body::Body;
use crate::copies::reject_copy;
use crate::errors::Errors;
use crate::hygiene::{Paths, beside};
use crate::inert_attributes::{is_inert, uses};
use crate::not_a_function;
use crate::on_lost::reject_on_lost;
use crate::parameters::{self, Moved, is_by_value};
use crate::return_type::{boxed_output, find_future};
use crate::section::Section;

/// Expands to the locked function, or to the errors and the unlocked function.
///
/// The function is kept so that its uses cause no further errors, and editors still know its
/// content.
pub(crate) fn expand(arguments: &TokenStream, item: &TokenStream) -> TokenStream {
    let mut errors = Errors::default();
    let parse = |input: ParseStream| Ok(Arguments::parse(input, FollowedBy::Nothing, &mut errors));
    let arguments = parse.parse2(arguments.clone());
    let arguments = errors.take(arguments).flatten();
    let name = arguments.as_ref().map_or_else(Span::call_site, |it| it.names[0].span());
    let parse = |input: ParseStream| Function::parse(input, name);
    let function = errors.take(parse.parse2(item.clone()));
    if let (Some(arguments), Some(function)) = (&arguments, &function) {
        errors.take(reject_copy(&function.signature.ident, arguments));
        at_most_every::check(arguments, &function.attributes, &mut errors);
        if let Some(bound) = parameters::bound(&function.signature.inputs) {
            arguments.check_placeholders(&bound, &mut errors);
        }
        let is_async = function.signature.asyncness.is_some();
        if !is_async && boxed_future(&function.signature, &function.body).is_none() {
            errors.take(reject_on_lost(arguments));
        }
    }
    match (arguments, function) {
        (Some(arguments), Some(function)) if errors.is_empty() => function.locked(&arguments),
        (Some(arguments), Some(function)) if arguments.options.guard.is_some() => {
            let function = function.unlocked(&arguments);
            quote!(#errors #function)
        }
        // As tokens after the error, an expression would cause further errors.
        _ if not_a_function::is_expression(item) => quote!(#errors),
        _ => quote!(#errors #item),
    }
}

/// A function as the user wrote it.
struct Function {
    attributes: Vec<Attribute>,
    visibility: Visibility,
    signature: Signature,
    inner_attributes: Vec<Attribute>,
    body: Body,
}

impl Function {
    /// Parses a function; errors at what another attribute has made are at `name` instead.
    fn parse(input: ParseStream, name: Span) -> Result<Self> {
        let attributes = input.call(Attribute::parse_outer)?;
        let visibility = input.parse()?;
        if !is_function(input) {
            return Err(input.error(not_a_function::message(input)));
        }
        let signature: Signature = input.parse()?;
        if let Some(end) = input.parse::<Option<Token![;]>>()? {
            if !is_written(end.span, ";") {
                return Err(made_by_another_attribute(name, "has no body"));
            }
            let message = "`#[locked]` cannot be applied to a function without a body: \
                           apply it to the implementations";
            return Err(Error::new(end.span, message));
        }
        let (inner_attributes, body) = Body::parse_function(input)?;
        check_can_be_locked(&signature, &body, name)?;
        Ok(Self { attributes, visibility, signature, inner_attributes, body })
    }

    /// The function whose body runs under the lock.
    fn locked(self, arguments: &Arguments) -> TokenStream {
        let Self { attributes, visibility, mut signature, inner_attributes, body } = self;
        let paths = paths(arguments);
        let section =
            |output| Section { arguments, paths: &paths, ident: &signature.ident, output };
        let statements = if let Some((output, (function, body))) = boxed_future(&signature, &body) {
            let body = body.map(|body| parameters::use_moved(body, &arguments.expressions()));
            let section = section(&output).boxed(&body);
            quote!(#function(#section))
        } else {
            let may_replace_patterns = attributes.iter().all(is_inert);
            let mut used = arguments.expressions();
            used.extend(uses(&attributes, &signature.inputs.to_token_stream()));
            let moved = Moved::new(&signature.inputs, &used, may_replace_patterns);
            let receiver = signature.receiver().filter(|receiver| is_by_value(receiver));
            let self_token = receiver.map(|receiver| receiver.self_token);
            let section = section(&signature.output);
            // The caller of a closure is not the caller of the function.
            let needs_caller = attributes.iter().any(|it| it.path().is_ident("track_caller"));
            let renamed = receiver
                .filter(|_| needs_caller && signature.asyncness.is_none())
                .and_then(|it| section.blocking_without_closure(it, &moved.moves, &body));
            let is_renamed = renamed.is_some();
            let statements = renamed.unwrap_or_else(|| match signature.asyncness {
                None => section.blocking(self_token, &moved.moves, &body),
                Some(_) => section.asynchronous(self_token, &moved.moves, &body),
            });
            signature.inputs = moved.parameters;
            if let (true, Some(FnArg::Receiver(it))) = (is_renamed, signature.inputs.first_mut()) {
                it.mutability = None;
            }
            statements
        };
        // At the span of the function's own braces, rustc reports a missing tail expression as it
        // does for a plain function.
        let braces = body.braces_around(quote!(#(#inner_attributes)* #statements));
        quote! {
            #(#attributes)*
            #visibility #signature #braces
        }
    }

    /// The function without a lock, but with the variable of `guard`.
    fn unlocked(self, arguments: &Arguments) -> TokenStream {
        let Self { attributes, visibility, signature, inner_attributes, body } = self;
        let bind = bind_without_lock(arguments, &paths(arguments));
        let content = body.content();
        let braces = body.braces_around(quote!(#(#inner_attributes)* #bind #content));
        quote! {
            #(#attributes)*
            #visibility #signature #braces
        }
    }
}

/// An `async fn` as `#[async_trait]` has rewritten it: its original return type, the function that
/// boxes its future, and the future's body.
fn boxed_future(signature: &Signature, body: &Body) -> Option<(ReturnType, (TokenStream, Body))> {
    let ReturnType::Type(arrow, ty) = &signature.output else { return None };
    let output = boxed_output(ty)?;
    Some((ReturnType::Type(*arrow, Box::new(output.clone())), body.split_box_pin()?))
}

/// The paths of the generated code.
fn paths(Arguments { names, options, .. }: &Arguments) -> Paths {
    let span = beside(names[0].span());
    let runtime = quote_spanned!(span=> ::jam_lock);
    Paths::new(options, runtime, quote_spanned!(span=> crate::lock_names))
}

/// Whether a function is next, with any qualifiers in any order.
fn is_function(input: ParseStream) -> bool {
    let ahead = input.fork();
    loop {
        let is_qualifier =
            ahead.peek(Token![const]) || ahead.peek(Token![async]) || ahead.peek(Token![unsafe]);
        if is_qualifier {
            // It cannot fail, because the word was peeked.
            let _ = ahead.call(Ident::parse_any);
        } else if ahead.peek(Token![extern]) {
            // If the ABI is malformed, no `fn` follows.
            let _ = ahead.parse::<Abi>();
        } else {
            return ahead.peek(Token![fn]);
        }
    }
}

/// Rejects functions whose body cannot run under a lock.
fn check_can_be_locked(signature: &Signature, body: &Body, name: Span) -> Result<()> {
    if let Some(constness) = &signature.constness {
        let message = "`#[locked]` cannot be applied to a `const fn`, which may run at compile \
                       time: remove `const`";
        return Err(Error::new_spanned(constness, message));
    }
    if boxed_future(signature, body).is_some() {
        return Ok(());
    }
    if let Some(future) = find_future(signature.output.to_token_stream()) {
        if !is_written(future.span(), &future.to_string()) {
            return Err(made_by_another_attribute(name, "returns a future"));
        }
        let message = "the returned future would run after the lock is released: \
                       write an `async fn`, or lock inside the future";
        return Err(Error::new_spanned(future, message));
    }
    Ok(())
}

/// Whether `text` is in the source at `span`, rather than made by another attribute.
///
/// Without access to the source, it counts as written.
fn is_written(span: Span, text: &str) -> bool {
    span.source_text().is_none_or(|source| source == text)
}

/// The error if another attribute has rewritten the function so that it cannot be locked.
fn made_by_another_attribute(name: Span, what: &str) -> Error {
    let message = format!(
        "another attribute has rewritten this function, which {what} now: \
         put `#[locked]` above that attribute"
    );
    Error::new(name, message)
}

#[cfg(test)]
mod tests {
    use proc_macro2::{Span, TokenStream, TokenTree};

    use super::expand;

    /// The tokens with the span of another one, as an attribute gives them to what it makes.
    fn made_at(span: Span, tokens: TokenStream) -> TokenStream {
        let token = |mut token: TokenTree| {
            token.set_span(span);
            token
        };
        tokens.into_iter().map(token).collect()
    }

    #[test]
    fn what_another_attribute_made_is_reported_as_such() {
        let attribute: TokenStream = "elsewhere".parse().unwrap();
        let span = attribute.into_iter().next().unwrap().span();
        for item in ["fn load() -> impl Future<Output = u32> { async { 7 } }", "fn load();"] {
            let written: TokenStream = item.parse().unwrap();
            let rewritten = "another attribute has rewritten this function";
            let message = |item| expand(&"\"a\"".parse().unwrap(), &item).to_string();
            assert!(!message(written.clone()).contains(rewritten), "{item}");
            assert!(message(made_at(span, written)).contains(rewritten), "{item}");
        }
    }
}
