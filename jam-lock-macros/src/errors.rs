//! Collects all errors of an input, so that one compilation reports all of them.

use std::fmt::Display;

use proc_macro2::{Span, TokenStream, TokenTree};
use quote::ToTokens;
use syn::parse::ParseStream;
use syn::{Error, Token};

/// The errors found so far.
#[derive(Default)]
pub(crate) struct Errors(Option<Error>);

impl Errors {
    /// Adds an error that covers all of `tokens`.
    pub(crate) fn at_tokens(&mut self, tokens: impl ToTokens, message: impl Display) {
        self.push(Error::new_spanned(tokens, message));
    }

    /// Adds an error at a span.
    pub(crate) fn at_span(&mut self, span: Span, message: impl Display) {
        self.push(Error::new(span, message));
    }

    /// Adds an error of the parser's.
    pub(crate) fn push(&mut self, error: Error) {
        match &mut self.0 {
            None => self.0 = Some(error),
            Some(errors) => errors.combine(error),
        }
    }

    /// Adds the error of `result`, if it is one.
    pub(crate) fn take<T>(&mut self, result: syn::Result<T>) -> Option<T> {
        result.map_err(|error| self.push(error)).ok()
    }

    /// Whether there are no errors.
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_none()
    }
}

/// A `compile_error!` for each error.
impl ToTokens for Errors {
    fn to_tokens(&self, tokens: &mut TokenStream) {
        tokens.extend(self.0.as_ref().map(Error::to_compile_error));
    }
}

/// Skips the tokens after an error, up to where parsing can continue.
pub(crate) fn skip_until(input: ParseStream, is_start: impl Fn(ParseStream) -> bool) {
    // A token tree can be parsed from any input that is not empty.
    while !input.is_empty() && !is_start(input) && input.parse::<TokenTree>().is_ok() {}
}

/// Whether a comma is next, after which parsing can continue.
pub(crate) fn is_comma(input: ParseStream) -> bool {
    input.peek(Token![,])
}
