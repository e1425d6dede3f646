//! The check of literals against the declared names, and of sections against their order.

use proc_macro2::{Ident, Span, TokenStream};
use quote::quote;
use syn::parse::{Parse, ParseStream, Parser};
use syn::{LitStr, Result, bracketed};

use crate::{nested, suggestion};

/// Answers `[runtime] ["declared" ITEM …]` and a question behind that.
pub(crate) fn expand(input: TokenStream) -> TokenStream {
    let parse = |input: ParseStream| {
        let (runtime, declared) = (bracket(input)?, declared(input)?);
        if nested::is_question(input) {
            return nested::answer(input, &declared);
        }
        Ok(name(&runtime, &declared, input.parse()?))
    };
    parse.parse2(input).unwrap_or_else(|error| error.to_compile_error())
}

/// Makes a `LockName` of `[registry] "asked for" (keys)`, or an error at what was asked for.
fn name(runtime: &TokenStream, declared: &[Declared], question: Question) -> TokenStream {
    let Question { names, asked, keys } = question;
    let name = asked.value();
    match declared.iter().find(|declared| declared.name == name) {
        Some(Declared { item: Some(item), .. }) => {
            // Made here, or else the user would be told to shorten the path.
            let span = Span::mixed_site().located_at(asked.span());
            let item = Ident::new(&item.to_string(), span);
            quote!(#names::#item #keys)
        }
        // What is wrong with it is said where it is declared.
        Some(_) => quote!(#runtime::macro_support::declared(#asked, "", 0)),
        None => {
            let declared = declared.iter().map(|declared| declared.name.as_str()).collect();
            let valid = [("the declared names are", declared)];
            let message = suggestion::unknown("lock name", &name, &valid);
            syn::Error::new(asked.span(), message).to_compile_error()
        }
    }
}

/// Is this name declared?
struct Question {
    names: TokenStream,
    asked: LitStr,
    /// In parentheses, where there are any.
    keys: TokenStream,
}

impl Parse for Question {
    fn parse(input: ParseStream) -> Result<Self> {
        Ok(Self { names: bracket(input)?, asked: input.parse()?, keys: input.parse()? })
    }
}

/// A name that is.
pub(crate) struct Declared {
    pub(crate) name: String,
    /// The constant or function that was made for it, if it was not refused.
    item: Option<Ident>,
}

/// The declared names, in their order.
fn declared(input: ParseStream) -> Result<Vec<Declared>> {
    let content;
    bracketed!(content in input);
    let mut declared = Vec::new();
    while !content.is_empty() {
        let name = content.parse::<LitStr>()?.value();
        declared.push(Declared { name, item: content.parse()? });
    }
    Ok(declared)
}

/// What stands in the next square brackets, where macros hand each other paths.
pub(crate) fn bracket(input: ParseStream) -> Result<TokenStream> {
    let content;
    bracketed!(content in input);
    content.parse()
}
