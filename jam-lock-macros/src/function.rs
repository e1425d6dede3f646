//! `#[locked]`: the function that runs its body under the lock.

use proc_macro2::{Ident, TokenStream, TokenTree};
use quote::{ToTokens, quote, quote_spanned};
use syn::parse::{Parse, ParseStream, Parser};
use syn::spanned::Spanned;
use syn::{Abi, Attribute, Error, Result, ReturnType, Signature, Token, Visibility};

use crate::acquisition::{self, Places, hidden};
use crate::arguments::{Arguments, Name};
use crate::body::Body;
use crate::errors::Errors;
use crate::failure;
use crate::parameters::{self, Moved};

/// Makes the function that locks, or leaves it unchanged beside the errors.
pub(crate) fn expand(written: &TokenStream, item: &TokenStream) -> TokenStream {
    let mut errors = Errors::default();
    let parse = |input: ParseStream| Ok(Arguments::parse(input, &mut errors));
    let arguments = parse.parse2(written.clone());
    let arguments = errors.take(arguments).flatten();
    let function = errors.take(Function::parse.parse2(item.clone()));
    match (arguments, function) {
        (Some(arguments), Some(function)) if errors.is_empty() => {
            function.locked(&arguments, written)
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
        refuse(&signature)?;
        if input.peek(Token![;]) {
            let message = "there is no body here to lock: \
                           put `#[locked]` on the functions that implement this one";
            return Err(input.error(message));
        }
        let (inner_attributes, body) = Body::function(input)?;
        Ok(Self { attributes, visibility, signature, inner_attributes, body })
    }
}

impl Function {
    /// The same function, whose body runs under the lock.
    ///
    /// The braces of the section are of this crate's edition, so that temporaries in the tail of
    /// the body are dropped before the parameters and before the guard, whatever the edition of
    /// the body, whose braces keep theirs.
    fn locked(self, arguments: &Arguments, written: &TokenStream) -> TokenStream {
        let Self { attributes, visibility, mut signature, inner_attributes, body } = self;
        let options = &arguments.options;
        let places = places(arguments);
        let acquire = acquisition::acquire(arguments, &places);

        let [guard, error, shown] = ["guard", "error", "shown"].map(hidden);
        let show = options.guard.as_ref().map(|_| quote!(let #shown = &#guard;));
        let bind = options.guard.as_ref().map(|bound| quote!(let #bound = #shown;));
        let failure = failure::leave(&signature, options, &error, &places.support);

        let is_documentable = attributes.iter().all(is_inert);
        let Moved { parameters, moves } = Moved::new(signature.inputs, written, is_documentable);
        signature.inputs = parameters;
        let section = quote!({ #moves #bind #body });
        let section = match signature.receiver() {
            Some(receiver) if parameters::is_by_value(receiver) => {
                let receiver = receiver.self_token;
                let output = closure_output(&signature.output);
                // `self` cannot be moved by a `let`, so a closure takes it, and takes it whole.
                quote!({ (move || #output { let _ = &#receiver; #section })() })
            }
            _ => section,
        };
        // rustc takes a block that stands where the function's own does for that one, and says of
        // a tail that is missing there what it says of a plain function.
        let braces = body.braces_around(quote! {
            #(#inner_attributes)*
            let #guard = match #acquire {
                ::core::result::Result::Ok(#guard) => #guard,
                ::core::result::Result::Err(#error) => #failure,
            };
            #show
            #section
        });
        quote! {
            #(#attributes)*
            #visibility #signature #braces
        }
    }
}

/// Where a function finds what it calls.
///
/// The paths start where the name is: what started in the attribute, rustc would underline there.
fn places(Arguments { name, options }: &Arguments) -> Places {
    let span = match name {
        Name::Literal(literal) => literal.span(),
        Name::Expression(expression) => expression.span(),
    };
    let runtime = quote_spanned!(span=> ::jam_lock);
    Places::new(options, runtime, quote_spanned!(span=> crate::lock_names))
}

/// The return type that the closure around a body needs, so that values are coerced to it.
///
/// A closure cannot return `impl Trait`, and infers what that stands for.
fn closure_output(output: &ReturnType) -> Option<&ReturnType> {
    (!mentions_impl(output.to_token_stream())).then_some(output)
}

fn mentions_impl(tokens: TokenStream) -> bool {
    tokens.into_iter().any(|token| match token {
        TokenTree::Ident(ident) => ident == "impl",
        TokenTree::Group(group) => mentions_impl(group.stream()),
        _ => false,
    })
}

/// Whether an attribute only says something about the function, and does not see its parameters.
fn is_inert(attribute: &Attribute) -> bool {
    let Some(name) = attribute.path().get_ident() else {
        let tool = attribute.path().segments.first();
        return tool.is_some_and(|tool| ["clippy", "rustfmt"].iter().any(|t| tool.ident == t));
    };
    matches!(
        name.to_string().as_str(),
        "doc"
            | "allow"
            | "expect"
            | "warn"
            | "deny"
            | "forbid"
            | "deprecated"
            | "must_use"
            | "inline"
            | "cold"
            | "track_caller"
            | "target_feature"
            | "no_mangle"
            | "export_name"
    )
}

/// Whether a function is next, whatever qualifies it.
fn is_function(input: ParseStream) -> bool {
    let ahead = input.fork();
    // What is not there is skipped, and what is malformed shows in what follows.
    let _ = ahead.parse::<Option<Token![const]>>();
    let _ = ahead.parse::<Option<Token![async]>>();
    let _ = ahead.parse::<Option<Token![unsafe]>>();
    let _ = ahead.parse::<Option<Abi>>();
    ahead.peek(Token![fn])
}

/// Refuses the functions that cannot wait for a lock.
fn refuse(signature: &Signature) -> Result<()> {
    if let Some(constness) = &signature.constness {
        let message = "a `const fn` cannot be locked: it may run in the compiler";
        return Err(Error::new_spanned(constness, message));
    }
    if let Some(asyncness) = &signature.asyncness {
        let message =
            "`#[locked]` cannot be on an `async fn` yet: waiting would block the executor";
        return Err(Error::new_spanned(asyncness, message));
    }
    if let Some(future) = future(signature.output.to_token_stream()) {
        let message = "the future that is returned would run after the lock was released: \
                       `#[locked]` cannot be on an asynchronous function yet";
        return Err(Error::new_spanned(future, message));
    }
    Ok(())
}

/// The word in a return type that says that a future is returned, as `#[async_trait]` has it too.
///
/// A type of the user's own that is a future is not known by its name.
fn future(tokens: TokenStream) -> Option<Ident> {
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
