//! Parameters that are passed by value, which must be dropped while the lock is still held.

use proc_macro2::{Ident, TokenStream};
use quote::quote;
use syn::punctuated::Punctuated;
use syn::{Attribute, FnArg, Pat, PatType, Receiver, ReceiverKind, Token, Type, parse_quote};

use crate::acquisition::hidden;

/// The parameters of a function whose body moves them into a block of its own.
#[derive(Default)]
pub(crate) struct Moved {
    /// The parameters as the function now has them.
    pub(crate) parameters: Punctuated<FnArg, Token![,]>,
    /// The statements to open the block with.
    pub(crate) moves: TokenStream,
}

impl Moved {
    /// Moves those of `parameters` that are passed by value.
    ///
    /// The `arguments` of the attribute may use parameters too. Where `is_documentable`, rustdoc
    /// is shown patterns as they were written.
    pub(crate) fn new(
        parameters: Punctuated<FnArg, Token![,]>,
        arguments: &TokenStream,
        is_documentable: bool,
    ) -> Self {
        let arguments = arguments.to_string();
        let mut moved = Self::default();
        for parameter in parameters {
            match parameter {
                FnArg::Typed(parameter) if !matches!(*parameter.ty, Type::Reference(_)) => {
                    match variable(&parameter.pat) {
                        Some(name) if is_mentioned(name, &arguments) => {
                            let configurations = parameter
                                .attrs
                                .iter()
                                .filter(|attribute| is_configuration(attribute));
                            let usage = quote!(#(#configurations)* let _ = &#name;);
                            moved.variable(parameter);
                            moved.moves.extend(usage);
                        }
                        // Clippy would see it used by the move.
                        Some(name) if name.to_string().starts_with('_') => {
                            moved.pattern(parameter, is_documentable);
                        }
                        Some(_) => moved.variable(parameter),
                        None => moved.pattern(parameter, is_documentable),
                    }
                }
                other => moved.parameters.push(other),
            }
        }
        moved
    }

    /// Moves a plain variable, and its `mut` with it.
    fn variable(&mut self, mut parameter: PatType) {
        let attributes = split(&mut parameter.attrs);
        if let Pat::Ident(variable) = &mut *parameter.pat {
            let mutability = variable.mutability.take();
            let name = &variable.ident;
            self.moves.extend(quote!(#(#attributes)* let #mutability #name = #name;));
        }
        self.parameters.push(FnArg::Typed(parameter));
    }

    /// Moves everything that a pattern matches, what it does not bind included.
    fn pattern(&mut self, mut parameter: PatType, is_documentable: bool) {
        let attributes = split(&mut parameter.attrs);
        let name = hidden(&format!("parameter_{}", self.parameters.len()));
        let PatType { attrs, pat, ty, .. } = &parameter;
        // Clippy takes `let _unused = parameter;` for a statement without effect.
        let is_whole = matches!(**pat, Pat::Ident(_));
        let value = if is_whole { quote!(::core::convert::identity(#name)) } else { quote!(#name) };
        let configurations = attributes.iter().filter(|attribute| is_configuration(attribute));
        self.moves.extend(quote! {
            #(#configurations)* let #name = #name;
            #(#attributes)* let #pat = #value;
        });
        if is_documentable {
            self.parameters.push(parse_quote!(#(#attrs)* #[cfg(doc)] #pat: #ty));
            self.parameters.push(parse_quote!(#(#attrs)* #[cfg(not(doc))] #name: #ty));
        } else {
            self.parameters.push(parse_quote!(#(#attrs)* #name: #ty));
        }
    }
}

/// Whether `self` is passed by value.
pub(crate) fn is_by_value(receiver: &Receiver) -> bool {
    match &receiver.kind {
        ReceiverKind::Value => true,
        ReceiverKind::Typed(_, ty) => !matches!(**ty, Type::Reference(_)),
        _ => false,
    }
}

/// The name of a parameter that is a plain variable.
fn variable(pattern: &Pat) -> Option<&Ident> {
    match pattern {
        Pat::Ident(variable) if variable.by_ref.is_none() && variable.subpat.is_none() => {
            Some(&variable.ident)
        }
        _ => None,
    }
}

/// Whether `name` is a word in `text`, be it in the braces of a format string.
fn is_mentioned(name: &Ident, text: &str) -> bool {
    text.split(|c: char| !(c.is_alphanumeric() || c == '_')).any(|word| name == word)
}

/// Takes from a parameter's attributes those that the statement gets which moves it.
///
/// Both are configured alike, and lint levels go where the variable is that they are about.
fn split(attributes: &mut Vec<Attribute>) -> Vec<Attribute> {
    let is_lint_level = |attribute: &Attribute| {
        ["allow", "warn", "deny", "forbid", "expect"]
            .iter()
            .any(|level| attribute.path().is_ident(level))
    };
    let moved = attributes
        .iter()
        .filter(|attribute| is_configuration(attribute) || is_lint_level(attribute))
        .cloned()
        .collect();
    attributes.retain(|attribute| !is_lint_level(attribute));
    moved
}

/// Whether the attribute decides if there is such a parameter.
fn is_configuration(attribute: &Attribute) -> bool {
    attribute.path().is_ident("cfg") || attribute.path().is_ident("cfg_attr")
}
