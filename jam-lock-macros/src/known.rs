//! The check of a literal against the declared names.

use proc_macro2::{Ident, Span, TokenStream};
use quote::quote;
use syn::parse::{Parse, ParseStream, Parser};
use syn::{LitStr, Result, bracketed};

use crate::suggestion;

/// Makes a `LockName` of `[runtime] ["declared" ITEM …] [registry] "asked for" (keys)`, or an error
/// at what was asked for.
pub(crate) fn expand(input: TokenStream) -> TokenStream {
    let Question { runtime, declared, names, asked, keys } = match Question::parse.parse2(input) {
        Ok(question) => question,
        Err(error) => return error.to_compile_error(),
    };
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
    runtime: TokenStream,
    declared: Vec<Declared>,
    names: TokenStream,
    asked: LitStr,
    /// In parentheses, where there are any.
    keys: TokenStream,
}

/// A name that is.
struct Declared {
    name: String,
    /// The constant or function that was made for it, if it was not refused.
    item: Option<Ident>,
}

impl Parse for Question {
    fn parse(input: ParseStream) -> Result<Self> {
        let runtime = bracket(input)?;
        let content;
        bracketed!(content in input);
        let mut declared = Vec::new();
        while !content.is_empty() {
            let name = content.parse::<LitStr>()?.value();
            declared.push(Declared { name, item: content.parse()? });
        }
        let names = bracket(input)?;
        Ok(Self { runtime, declared, names, asked: input.parse()?, keys: input.parse()? })
    }
}

/// What stands in the next square brackets, where macros hand each other paths.
pub(crate) fn bracket(input: ParseStream) -> Result<TokenStream> {
    let content;
    bracketed!(content in input);
    content.parse()
}
