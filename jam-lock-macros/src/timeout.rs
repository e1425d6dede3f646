//! `timeout = …`: a number of seconds as in Jam.py, or an expression.

use std::time::Duration;

use proc_macro2::{Span, TokenStream};
use quote::{quote, quote_spanned};
use syn::spanned::Spanned;
use syn::{Error, Expr, Lit, Result, UnOp};

use crate::seconds::{self, unwrapped};

/// How long to wait, as far as it is known at compile time.
pub(crate) enum Timeout {
    Forever,
    Seconds(Duration),
    /// An expression that is `Into<jam_lock::Timeout>`.
    Expression(Box<Expr>),
}

impl Timeout {
    /// Checks and converts `value`.
    pub(crate) fn new(value: Expr) -> Result<Self> {
        let value = unwrapped(value);
        match &value {
            Expr::Lit(literal) => return Self::seconds(&literal.lit),
            Expr::Unary(negative) if matches!(negative.op, UnOp::Neg(_)) => {
                if let Expr::Lit(literal) = unwrapped((*negative.expr).clone()) {
                    return Self::negative(&value, &literal.lit);
                }
            }
            Expr::Path(path) => {
                let last = path.path.segments.last();
                if last.is_some_and(|name| name.ident == "NAN" || name.ident == "NaN") {
                    let message = "a timeout cannot be NaN: write a number of seconds, \
                                   or `-1` to wait forever";
                    return Err(Error::new_spanned(&value, message));
                }
            }
            _ => {}
        }
        Ok(Self::Expression(Box::new(value)))
    }

    /// A literal: a number of seconds, or forever if the number is too large for a `Duration`.
    fn seconds(literal: &Lit) -> Result<Self> {
        Ok(seconds::of_literal(literal, "timeout")?.map_or(Self::Forever, Self::Seconds))
    }

    /// A literal after a minus sign: `-1` waits forever, and `-0` is `0`.
    fn negative(value: &Expr, literal: &Lit) -> Result<Self> {
        match Self::seconds(literal)? {
            Self::Seconds(Duration::ZERO) => Ok(Self::Seconds(Duration::ZERO)),
            Self::Seconds(duration) if duration == Duration::from_secs(1) => Ok(Self::Forever),
            _ => {
                let message = "invalid negative timeout: write `-1` to wait forever, \
                               or `0` to try once";
                Err(Error::new_spanned(value, message))
            }
        }
    }

    /// The expression, if the timeout is evaluated at run time.
    pub(crate) fn expression(&self) -> Option<&Expr> {
        match self {
            Self::Expression(value) => Some(value),
            _ => None,
        }
    }

    /// An expression of type `jam_lock::Timeout`.
    pub(crate) fn tokens(&self, support: &TokenStream) -> TokenStream {
        match self {
            Self::Forever => quote!(#support::Timeout::FOREVER),
            Self::Seconds(duration) => {
                let (seconds, nanoseconds) = (duration.as_secs(), duration.subsec_nanos());
                quote! {
                    <#support::Timeout as ::core::convert::From<_>>::from(
                        #support::Duration::new(#seconds, #nanoseconds)
                    )
                }
            }
            Self::Expression(value) => {
                let argument = quote_spanned!(value.span()=> (#value));
                let span = value.span().resolved_at(Span::mixed_site());
                let function = quote_spanned!(span=> timeout);
                quote!(#support::#function #argument)
            }
        }
    }
}
