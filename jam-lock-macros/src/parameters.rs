//! By-value parameters, which must be dropped while the lock is still held.

use std::collections::HashSet;

use proc_macro2::{Ident, TokenStream, TokenTree};
use quote::quote;
use syn::punctuated::Punctuated;
use syn::{
    Attribute, FnArg, Pat, PatIdent, PatType, Receiver, ReceiverKind, Token, Type, parse_quote,
};

use crate::hygiene::hidden;

/// The parameters of a function that moves them into the block of its body.
#[derive(Default)]
pub(crate) struct Moved {
    /// The parameters of the generated function.
    pub(crate) parameters: Punctuated<FnArg, Token![,]>,
    /// The statements at the start of the block.
    pub(crate) moves: TokenStream,
}

impl Moved {
    /// Moves the by-value parameters among `parameters`.
    ///
    /// The arguments of the attribute and other attributes may use parameters too, whose names are in
    /// `used`. A pattern that binds one of those stays. Other patterns are replaced by variables if
    /// `may_replace_patterns`, that is if no other macro reads the parameters; rustdoc still shows
    /// the patterns.
    pub(crate) fn new(
        parameters: &Punctuated<FnArg, Token![,]>,
        used: &TokenStream,
        may_replace_patterns: bool,
    ) -> Self {
        let mentioned = words(used.clone());
        let mut moved = Self::default();
        for parameter in parameters {
            match parameter.clone() {
                FnArg::Typed(parameter) if !matches!(*parameter.ty, Type::Reference(_)) => {
                    let may_replace =
                        may_replace_patterns && !binds_any(&parameter.pat, &mentioned);
                    if is_variable(&parameter.pat) || !may_replace {
                        moved.move_variables(parameter, &mentioned);
                    } else {
                        moved.move_pattern(parameter);
                    }
                }
                other => moved.parameters.push(other),
            }
        }
        moved
    }

    /// Moves the variables that a parameter binds, along with their `mut`.
    ///
    /// Values that a pattern does not bind stay in the parameter.
    fn move_variables(&mut self, mut parameter: PatType, mentioned: &HashSet<String>) {
        let attributes = take_attributes(&mut parameter.attrs);
        let cfgs: Vec<_> = attributes.iter().filter(|attribute| is_cfg(attribute)).collect();
        for PatIdent { mutability, ident: name, .. } in take_bindings(&mut parameter.pat) {
            let lint = if name.to_string().starts_with('_') {
                quote! {
                    #[allow(
                        clippy::shadow_same,
                        clippy::no_effect_underscore_binding,
                        clippy::used_underscore_binding,
                        reason = "moving a parameter does not use it"
                    )]
                }
            } else if mutability.is_some() {
                quote! {
                    #[allow(
                        clippy::shadow_same,
                        clippy::collection_is_never_read,
                        reason = "clippy does not check parameters for this"
                    )]
                }
            } else {
                quote!(#[allow(clippy::shadow_same, reason = "a parameter is moved")])
            };
            self.moves.extend(quote!(#lint #(#attributes)* let #mutability #name = #name;));
            if mentioned.contains(&name.to_string()) {
                self.moves.extend(quote!(#(#cfgs)* let _ = &#name;));
            }
        }
        self.parameters.push(FnArg::Typed(parameter));
    }

    /// Moves everything that a pattern matches, including the values that it does not bind.
    fn move_pattern(&mut self, mut parameter: PatType) {
        let attributes = take_attributes(&mut parameter.attrs);
        let name = hidden(&format!("parameter_{}", self.parameters.len()));
        let PatType { attrs, pat, ty, .. } = &parameter;
        let cfgs = attributes.iter().filter(|attribute| is_cfg(attribute));
        self.moves.extend(quote! {
            #[allow(clippy::shadow_same, reason = "a parameter is moved")]
            #(#cfgs)* let #name = #name;
            #(#attributes)* let #pat = #name;
        });
        self.parameters.push(parse_quote!(#(#attrs)* #[cfg(doc)] #pat: #ty));
        self.parameters.push(parse_quote!(#(#attrs)* #[cfg(not(doc))] #name: #ty));
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

/// Whether a pattern is a plain variable.
fn is_variable(pattern: &Pat) -> bool {
    matches!(pattern, Pat::Ident(variable) if variable.by_ref.is_none() && variable.subpat.is_none())
}

/// The variables that the parameters bind; `None` if a macro in a pattern may bind others.
pub(crate) fn bound(parameters: &Punctuated<FnArg, Token![,]>) -> Option<Vec<String>> {
    let mut names = Vec::new();
    for parameter in parameters {
        if let FnArg::Typed(PatType { pat, .. }) = parameter {
            if matches!(**pat, Pat::Macro(_) | Pat::Or(_) | Pat::Verbatim(_)) {
                return None;
            }
            names.extend(take_bindings(&mut pat.clone()).iter().map(|it| it.ident.to_string()));
        }
    }
    Some(names)
}

/// Whether a pattern binds one of the `names`.
fn binds_any(pattern: &Pat, names: &HashSet<String>) -> bool {
    take_bindings(&mut pattern.clone()).iter().any(|it| names.contains(&it.ident.to_string()))
}

/// The variables that a pattern binds; removes their `mut` from the pattern.
fn take_bindings(pattern: &mut Pat) -> Vec<PatIdent> {
    let all =
        |patterns: &mut dyn Iterator<Item = &mut Pat>| patterns.flat_map(take_bindings).collect();
    match pattern {
        Pat::Ident(variable) => {
            let mut found = vec![variable.clone()];
            if variable.by_ref.is_none() {
                variable.mutability = None;
            } else {
                // In `ref mut`, this `mut` belongs to the reference.
                found[0].mutability = None;
            }
            found.extend(variable.subpat.iter_mut().flat_map(|(_, inner)| take_bindings(inner)));
            found
        }
        Pat::Paren(inner) => take_bindings(&mut inner.pat),
        Pat::Reference(inner) => take_bindings(&mut inner.pat),
        Pat::Slice(inner) => all(&mut inner.elems.iter_mut()),
        Pat::Struct(inner) => all(&mut inner.fields.iter_mut().map(|field| &mut *field.pat)),
        Pat::Tuple(inner) => all(&mut inner.elems.iter_mut()),
        Pat::TupleStruct(inner) => all(&mut inner.elems.iter_mut()),
        _ => Vec::new(),
    }
}

/// The identifiers in `tokens`, including those in the braces of format strings.
fn words(tokens: TokenStream) -> HashSet<String> {
    let mut words = HashSet::new();
    for token in tokens {
        match token {
            TokenTree::Ident(ident) => {
                words.insert(ident.to_string());
            }
            TokenTree::Group(group) => words.extend(self::words(group.stream())),
            TokenTree::Literal(literal) => {
                let text = literal.to_string();
                for braces in text.split('{').skip(1).filter_map(|rest| rest.split('}').next()) {
                    let is_letter = |c: char| c.is_alphanumeric() || c == '_';
                    words.extend(braces.split(|c| !is_letter(c)).map(ToOwned::to_owned));
                }
            }
            TokenTree::Punct(_) => {}
        }
    }
    words
}

/// The body of an `#[async_trait]` method, which moves the parameters itself, with a use of each
/// one that the `arguments` mention.
pub(crate) fn use_moved(body: TokenStream, arguments: &TokenStream) -> TokenStream {
    let mentioned = words(arguments.clone());
    let mut used = TokenStream::new();
    let mut statement = Vec::new();
    for token in body {
        let is_end = matches!(&token, TokenTree::Punct(punct) if punct.as_char() == ';');
        statement.push(token);
        if is_end {
            let name =
                moved_variable(&statement).filter(|name| mentioned.contains(&name.to_string()));
            let usage = name.map(|name| quote!(let _ = &#name;));
            used.extend(statement.drain(..));
            used.extend(usage);
        }
    }
    used.extend(statement);
    used
}

/// The variable of a `let name = name;`.
fn moved_variable(statement: &[TokenTree]) -> Option<Ident> {
    let [.., TokenTree::Ident(name), TokenTree::Punct(equals), TokenTree::Ident(moved), _] =
        statement
    else {
        return None;
    };
    (name == moved && equals.as_char() == '=').then(|| name.clone())
}

/// The attributes of a parameter that belong on the statement that moves it.
///
/// A `cfg` belongs on both; lint levels move to the statement, which binds the variable.
fn take_attributes(attributes: &mut Vec<Attribute>) -> Vec<Attribute> {
    let is_lint_level = |attribute: &Attribute| {
        ["allow", "warn", "deny", "forbid", "expect"]
            .iter()
            .any(|level| attribute.path().is_ident(level))
    };
    let moved = attributes
        .iter()
        .filter(|attribute| is_cfg(attribute) || is_lint_level(attribute))
        .cloned()
        .collect();
    attributes.retain(|attribute| !is_lint_level(attribute));
    moved
}

/// Whether the attribute may remove the parameter.
fn is_cfg(attribute: &Attribute) -> bool {
    attribute.path().is_ident("cfg") || attribute.path().is_ident("cfg_attr")
}
