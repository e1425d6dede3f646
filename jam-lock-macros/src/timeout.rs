//! `timeout = …`: a number of seconds as in Jam.py, or an expression.

use std::time::Duration;

use proc_macro2::{Span, TokenStream};
use quote::{quote, quote_spanned};
use syn::spanned::Spanned;
use syn::{Error, Expr, Lit, Result, UnOp};

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
        let (suffix, duration) = match literal {
            Lit::Int(integer) => {
                let seconds = integer.base10_parse().ok();
                (integer.suffix(), seconds.map(Duration::from_secs))
            }
            Lit::Float(float) => {
                let seconds = float.base10_parse()?;
                (float.suffix(), Duration::try_from_secs_f64(seconds).ok())
            }
            other => {
                let message = "invalid timeout: write a number of seconds, such as `10` or `0.5`, \
                               or an expression such as a `Duration`";
                return Err(Error::new_spanned(other, message));
            }
        };
        match suffix {
            "" | "f32" | "f64" | "i8" | "i16" | "i32" | "i64" | "i128" | "isize" | "u8" | "u16"
            | "u32" | "u64" | "u128" | "usize" => Ok(duration.map_or(Self::Forever, Self::Seconds)),
            unit => {
                let message = format!(
                    "invalid suffix `{unit}` on a timeout: \
                     write the number of seconds without a suffix"
                );
                Err(Error::new_spanned(literal, message))
            }
        }
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

/// The expression inside parentheses, and inside the invisible groups of a `macro_rules!`.
fn unwrapped(mut value: Expr) -> Expr {
    loop {
        value = match value {
            Expr::Group(group) => *group.expr,
            Expr::Paren(parentheses) => *parentheses.expr,
            other => return other,
        };
    }
}
