//! The name of a lock among the arguments of `#[locked(…)]` and `locked!`.

use proc_macro2::{Ident, Span};
use quote::ToTokens;
use syn::spanned::Spanned;
use syn::{Error, Expr, ExprArray, ExprTuple, Lit, LitStr, Result};

use crate::template::Template;

/// The name of a lock.
pub(crate) enum Name {
    /// A literal, which is looked up among the declared names later, and its placeholders.
    Literal(LitStr, Vec<Ident>),
    /// An expression of type `LockName`.
    Expression(Expr),
}

impl Name {
    /// A literal or another expression; an error for what cannot be a name.
    pub(crate) fn new(value: Expr) -> Result<Self> {
        match value {
            Expr::Lit(literal) => match literal.lit {
                Lit::Str(literal) => {
                    let placeholders = placeholders(&literal);
                    Ok(Self::Literal(literal, placeholders))
                }
                Lit::Int(number) => {
                    let message = format!(
                        "expected a lock name, which is a string literal or a `LockName`; a limit for the \
                         wait is `timeout = {number}`"
                    );
                    Err(Error::new_spanned(number, message))
                }
                other => {
                    let message = "expected a lock name: write a string literal or a `LockName`";
                    Err(Error::new_spanned(other, message))
                }
            },
            // A `macro_rules!` passes its `$name` on in an invisible group.
            Expr::Group(group) => Self::new(*group.expr),
            // Permits, as in a declaration.
            Expr::Assign(assigned) if is_text(&assigned.left) => {
                let name = assigned.left.to_token_stream();
                let message = format!(
                    "permits belong to the declaration: write `{}` in `lock_names!`, and `{name}` here",
                    assigned.to_token_stream()
                );
                Err(Error::new_spanned(assigned, message))
            }
            Expr::Array(ExprArray { elems: names, .. })
            | Expr::Tuple(ExprTuple { elems: names, .. })
                if names.first().is_some_and(is_text) =>
            {
                let list = names.to_token_stream().to_string().replace(" ,", ",");
                let message = format!("several lock names have no brackets: write `{list}`");
                Err(Error::new_spanned(names, message))
            }
            expression => Ok(Self::Expression(expression)),
        }
    }

    /// Its location in the source.
    pub(crate) fn span(&self) -> Span {
        match self {
            Self::Literal(literal, _) => literal.span(),
            Self::Expression(expression) => expression.span(),
        }
    }
}

/// The placeholders of a name, as variables at its location; none if the name is invalid.
fn placeholders(literal: &LitStr) -> Vec<Ident> {
    let template = Template::parse(&literal.value());
    let placeholders = template.map_or_else(|_| Vec::new(), |template| template.placeholders);
    placeholders.iter().map(|placeholder| Ident::new(placeholder, literal.span())).collect()
}

/// Whether a last argument may be a name, rather than something in place of the block.
pub(crate) fn may_be_name(value: &Expr) -> bool {
    match value {
        Expr::Group(group) => may_be_name(&group.expr),
        other => is_text(other) || matches!(other, Expr::Path(_)),
    }
}

/// Whether an expression is a string literal.
fn is_text(value: &Expr) -> bool {
    matches!(value, Expr::Lit(literal) if matches!(literal.lit, Lit::Str(_)))
}
