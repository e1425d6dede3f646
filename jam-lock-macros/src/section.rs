//! The statements of a function that runs its body under the lock.

use proc_macro2::{Ident, Span, TokenStream};
use quote::{ToTokens, quote, quote_spanned};
use syn::ext::IdentExt;
use syn::spanned::Spanned;
use syn::{ReturnType, Token, Type};

use crate::acquisition::{self, Places, Wait, ends_when_lost, hidden};
use crate::arguments::Arguments;
use crate::body::Body;
use crate::failure;
use crate::nested;
use crate::returned::without_impl;

/// What a function's statements are made of.
///
/// The braces of a section are of this crate's edition, so that temporaries in the tail of the body
/// are dropped before the parameters and before the guard, whatever the edition of the body, whose
/// braces keep theirs.
pub(crate) struct Section<'a> {
    pub(crate) arguments: &'a Arguments,
    pub(crate) places: &'a Places,
    /// What the function is called.
    pub(crate) ident: &'a Ident,
    /// What its body returns.
    pub(crate) output: &'a ReturnType,
}

impl Section<'_> {
    /// A body that runs in the function itself.
    pub(crate) fn blocking(
        &self,
        receiver: Option<Token![self]>,
        moves: &TokenStream,
        body: &Body,
    ) -> TokenStream {
        let acquire = self.acquire(Wait::Blocking, body);
        let begin = acquisition::begin(self.arguments, self.places);
        let section = quote!({ #moves #begin #body });
        let section = match receiver {
            Some(receiver) => {
                let output = without_impl(self.output.to_token_stream());
                // `self` cannot be moved by a `let`, so a closure takes it, and takes it whole.
                quote!({ (move || #output { let _ = &#receiver; #section })() })
            }
            None => section,
        };
        quote!(#acquire #section)
    }

    /// A body in a future of its own, which takes all that the function was given with it.
    pub(crate) fn asynchronous(
        &self,
        receiver: Option<Token![self]>,
        moves: &TokenStream,
        body: &Body,
    ) -> TokenStream {
        let acquire = self.acquire(Wait::Async, body);
        let begin = acquisition::begin(self.arguments, self.places);
        let output = self.output();
        let receiver = receiver.map(|receiver| quote!(let _ = &#receiver;));
        let future = self.within(&quote!(async move { #output #receiver #moves #begin #body }));
        match self.output {
            ReturnType::Type(_, ty) if matches!(**ty, Type::Never(_)) => {
                quote!(#acquire match #future {})
            }
            _ => quote!(#acquire #future),
        }
    }

    /// The future that a function boxes, which takes along what it needs.
    pub(crate) fn boxed(&self, body: &Body) -> TokenStream {
        let acquire = self.acquire(Wait::Async, body);
        let begin = acquisition::begin(self.arguments, self.places);
        let output = self.output();
        let future = self.within(&quote!(async move { #output #begin #body }));
        quote!(async move { #output #acquire #future })
    }

    /// Waits for `future`, which runs under the lock, and leaves the function where that is lost.
    ///
    /// The braces are of this crate's edition, so that nothing of it outlives the guard.
    fn within(&self, future: &TokenStream) -> TokenStream {
        let Self { arguments, places, ident, output } = self;
        let leave = ends_when_lost(&arguments.options).then(|| {
            failure::leave(ident, output, &arguments.options, &hidden("error"), &places.support)
        });
        let value = acquisition::within(future, places, leave.as_ref());
        quote!({ #value })
    }

    /// Binds the guard, or leaves the function.
    fn acquire(&self, wait: Wait, body: &Body) -> TokenStream {
        let Self { arguments, places, ident, output } = self;
        let [guard, error] = ["guard", "error"].map(hidden);
        let function = ident.unraw().to_string();
        let acquire = acquisition::acquire(arguments, places, &quote!(#function), wait);
        let questions = nested::questions(arguments, &places.names, body.content());
        let failure = failure::leave(ident, output, &arguments.options, &error, &places.support);
        let show = acquisition::show(arguments, &guard);
        quote! {
            #questions
            let #guard = match #acquire {
                ::core::result::Result::Ok(#guard) => #guard,
                ::core::result::Result::Err(#error) => #failure,
            };
            #show
        }
    }

    /// Statements that tell an `async` block, which cannot say it, what it returns.
    ///
    /// They stand where the function says it, for that is what rustc explains errors with.
    fn output(&self) -> TokenStream {
        let (output, span) = match self.output {
            ReturnType::Default => (quote!(()), self.ident.span()),
            // It never comes to that, and no variable can be of the type `!` yet.
            ReturnType::Type(_, ty) if matches!(**ty, Type::Never(_)) => {
                (quote!(::core::convert::Infallible), ty.span())
            }
            ReturnType::Type(_, ty) => (without_impl(ty.to_token_stream()), ty.span()),
        };
        let place = Span::mixed_site().located_at(span);
        let returned = Ident::new("returned", place);
        quote_spanned! {place=>
            if false {
                let #returned: #output = loop {};
                #[allow(unreachable_code, reason = "what counts is the type")]
                return #returned;
            }
        }
    }
}
