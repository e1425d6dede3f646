//! Parameters that are passed by value, which must be dropped while the lock is still held.

use std::collections::HashSet;

use proc_macro2::{Ident, TokenStream, TokenTree};
use quote::quote;
use syn::punctuated::Punctuated;
use syn::{
    Attribute, FnArg, Pat, PatIdent, PatType, Receiver, ReceiverKind, Token, Type, parse_quote,
};

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
    /// The `arguments` of the attribute may use parameters too. Where `is_seen_by_none`, no other
    /// macro looks at the parameters, so that patterns may be replaced, and rustdoc is shown them
    /// as they were written.
    pub(crate) fn new(
        parameters: &Punctuated<FnArg, Token![,]>,
        arguments: &TokenStream,
        is_seen_by_none: bool,
    ) -> Self {
        let mentioned = words(arguments.clone());
        let mut moved = Self::default();
        for parameter in parameters {
            match parameter.clone() {
                FnArg::Typed(parameter) if !matches!(*parameter.ty, Type::Reference(_)) => {
                    if is_variable(&parameter.pat) || !is_seen_by_none {
                        moved.variables(parameter, &mentioned);
                    } else {
                        moved.pattern(parameter);
                    }
                }
                other => moved.parameters.push(other),
            }
        }
        moved
    }

    /// Moves the variables that a parameter binds, and their `mut` with them.
    ///
    /// What a pattern leaves out stays where it is.
    fn variables(&mut self, mut parameter: PatType, mentioned: &HashSet<String>) {
        let attributes = split(&mut parameter.attrs);
        let configurations: Vec<_> =
            attributes.iter().filter(|attribute| is_configuration(attribute)).collect();
        for PatIdent { mutability, ident: name, .. } in bindings(&mut parameter.pat) {
            let lint = if name.to_string().starts_with('_') {
                quote! {
                    #[allow(
                        clippy::no_effect_underscore_binding,
                        clippy::used_underscore_binding,
                        reason = "a parameter is moved, not used"
                    )]
                }
            } else if mutability.is_some() {
                quote! {
                    #[allow(
                        clippy::collection_is_never_read,
                        reason = "nobody says it of a parameter"
                    )]
                }
            } else {
                TokenStream::new()
            };
            self.moves.extend(quote!(#lint #(#attributes)* let #mutability #name = #name;));
            if mentioned.contains(&name.to_string()) {
                self.moves.extend(quote!(#(#configurations)* let _ = &#name;));
            }
        }
        self.parameters.push(FnArg::Typed(parameter));
    }

    /// Moves everything that a pattern matches, what it does not bind included.
    fn pattern(&mut self, mut parameter: PatType) {
        let attributes = split(&mut parameter.attrs);
        let name = hidden(&format!("parameter_{}", self.parameters.len()));
        let PatType { attrs, pat, ty, .. } = &parameter;
        let configurations = attributes.iter().filter(|attribute| is_configuration(attribute));
        self.moves.extend(quote! {
            #(#configurations)* let #name = #name;
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

/// Whether a parameter is a plain variable.
fn is_variable(pattern: &Pat) -> bool {
    matches!(pattern, Pat::Ident(variable) if variable.by_ref.is_none() && variable.subpat.is_none())
}

/// The variables that a pattern binds, whose `mut` is taken from them there.
fn bindings(pattern: &mut Pat) -> Vec<PatIdent> {
    let all = |patterns: &mut dyn Iterator<Item = &mut Pat>| patterns.flat_map(bindings).collect();
    match pattern {
        Pat::Ident(variable) => {
            let mut found = vec![variable.clone()];
            if variable.by_ref.is_none() {
                variable.mutability = None;
            } else {
                // This `mut` is the reference's.
                found[0].mutability = None;
            }
            found.extend(variable.subpat.iter_mut().flat_map(|(_, inner)| bindings(inner)));
            found
        }
        Pat::Paren(inner) => bindings(&mut inner.pat),
        Pat::Reference(inner) => bindings(&mut inner.pat),
        Pat::Slice(inner) => all(&mut inner.elems.iter_mut()),
        Pat::Struct(inner) => all(&mut inner.fields.iter_mut().map(|field| &mut *field.pat)),
        Pat::Tuple(inner) => all(&mut inner.elems.iter_mut()),
        Pat::TupleStruct(inner) => all(&mut inner.elems.iter_mut()),
        _ => Vec::new(),
    }
}

/// The identifiers in `tokens`, and the words in the braces of their format strings.
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

/// A body that moves parameters itself, and uses those of them that the `arguments` do.
pub(crate) fn using(body: TokenStream, arguments: &TokenStream) -> TokenStream {
    let mentioned = words(arguments.clone());
    let mut used = TokenStream::new();
    let mut statement = Vec::new();
    for token in body {
        let is_end = matches!(&token, TokenTree::Punct(punct) if punct.as_char() == ';');
        statement.push(token);
        if is_end {
            let name = moved_by(&statement).filter(|name| mentioned.contains(&name.to_string()));
            let usage = name.map(|name| quote!(let _ = &#name;));
            used.extend(statement.drain(..));
            used.extend(usage);
        }
    }
    used.extend(statement);
    used
}

/// The variable of a `let name = name;`.
fn moved_by(statement: &[TokenTree]) -> Option<Ident> {
    let [.., TokenTree::Ident(name), TokenTree::Punct(equals), TokenTree::Ident(moved), _] =
        statement
    else {
        return None;
    };
    (name == moved && equals.as_char() == '=').then(|| name.clone())
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
