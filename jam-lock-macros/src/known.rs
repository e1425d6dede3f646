//! The check of a literal against the declared names.

use proc_macro2::TokenStream;
use quote::quote;
use syn::parse::{Parse, ParseStream, Parser};
use syn::{LitStr, Result, bracketed};

use crate::suggestion;

/// Makes a `LockName` of `[runtime] ["declared" …] "asked for"`, or an error at what was asked for.
pub(crate) fn expand(input: TokenStream) -> TokenStream {
    let Question { runtime, declared, asked } = match Question::parse.parse2(input) {
        Ok(question) => question,
        Err(error) => return error.to_compile_error(),
    };
    let name = asked.value();
    if declared.contains(&name) {
        return quote!(#runtime::macro_support::declared(#asked));
    }
    let message = suggestion::unknown("lock name", &name, "the declared names are", &declared);
    syn::Error::new(asked.span(), message).to_compile_error()
}

/// Is this name declared?
struct Question {
    runtime: TokenStream,
    declared: Vec<String>,
    asked: LitStr,
}

impl Parse for Question {
    fn parse(input: ParseStream) -> Result<Self> {
        let runtime = bracket(input)?;
        let names;
        bracketed!(names in input);
        let mut declared = Vec::new();
        while !names.is_empty() {
            declared.push(names.parse::<LitStr>()?.value());
        }
        Ok(Self { runtime, declared, asked: input.parse()? })
    }
}

/// What stands in the next square brackets, where macros hand each other paths.
pub(crate) fn bracket(input: ParseStream) -> Result<TokenStream> {
    let content;
    bracketed!(content in input);
    content.parse()
}
