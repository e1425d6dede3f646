//! What generated macros pass to the macros of this crate: paths and the declared names.

use proc_macro2::{Ident, TokenStream};
use syn::parse::ParseStream;
use syn::{LitInt, LitStr, Result, bracketed};

/// A declared name.
pub(crate) struct Declared {
    pub(crate) name: String,
    /// Its constant or function; `None` if the name is invalid.
    pub(crate) item: Option<Ident>,
    /// How many may hold it at once, if that was declared.
    pub(crate) permits: Option<LitInt>,
}

/// Parses `["name" ITEM PERMITS …]`: the declared names in the order of declaration.
pub(crate) fn declared_names(input: ParseStream) -> Result<Vec<Declared>> {
    let content;
    bracketed!(content in input);
    let mut declared = Vec::new();
    while !content.is_empty() {
        let name = content.parse::<LitStr>()?.value();
        let (item, permits) = (content.parse()?, content.parse()?);
        declared.push(Declared { name, item, permits });
    }
    Ok(declared)
}

/// Parses `[…]`, and returns its content.
pub(crate) fn bracketed(input: ParseStream) -> Result<TokenStream> {
    let content;
    bracketed!(content in input);
    content.parse()
}
