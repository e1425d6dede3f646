//! Everything that is wrong with an input, so that one compilation tells all of it.

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
    pub(crate) fn at(&mut self, tokens: impl ToTokens, message: impl Display) {
        self.push(Error::new_spanned(tokens, message));
    }

    /// Adds an error at one place.
    pub(crate) fn on(&mut self, span: Span, message: impl Display) {
        self.push(Error::new(span, message));
    }

    /// Adds an error that parsing ended with.
    pub(crate) fn push(&mut self, error: Error) {
        match &mut self.0 {
            None => self.0 = Some(error),
            Some(errors) => errors.combine(error),
        }
    }

    /// Adds the error of `result`, if that is what it is.
    pub(crate) fn take<T>(&mut self, result: syn::Result<T>) -> Option<T> {
        result.map_err(|error| self.push(error)).ok()
    }

    /// Whether nothing is wrong.
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_none()
    }
}

/// One `compile_error!` for each error.
impl ToTokens for Errors {
    fn to_tokens(&self, tokens: &mut TokenStream) {
        tokens.extend(self.0.as_ref().map(Error::to_compile_error));
    }
}

/// Skips what cannot be understood, up to where the reader can start afresh.
pub(crate) fn skip_until(input: ParseStream, is_start: impl Fn(ParseStream) -> bool) {
    // A token tree can always be read where the input is not empty.
    while !input.is_empty() && !is_start(input) && input.parse::<TokenTree>().is_ok() {}
}

/// Whether a comma is next, which ends whatever was there.
pub(crate) fn is_comma(input: ParseStream) -> bool {
    input.peek(Token![,])
}
