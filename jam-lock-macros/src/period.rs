//! A period: the shortest time from the start of one run to that of the next.

use std::time::Duration;

use proc_macro2::{Span, TokenStream};
use quote::{ToTokens, quote, quote_spanned};
use syn::spanned::Spanned;
use syn::{Error, Expr, Result, UnOp};

use crate::seconds::{self, unwrapped};

/// A period, as far as it is known at compile time.
pub(crate) struct Period {
    value: Expr,
    /// What a literal says.
    duration: Option<Duration>,
}

impl Period {
    /// Checks and converts `value`.
    pub(crate) fn new(value: Expr) -> Result<Self> {
        let value = unwrapped(value);
        if let Expr::Lit(literal) = &value {
            let duration = seconds::of_literal(&literal.lit, "period")?;
            return Ok(Self { value, duration: Some(duration.unwrap_or(Duration::MAX)) });
        }
        let negated = match &value {
            Expr::Unary(negative) if matches!(negative.op, UnOp::Neg(_)) => {
                Some(unwrapped((*negative.expr).clone()))
            }
            _ => None,
        };
        if matches!(negated, Some(Expr::Lit(_))) {
            let message = "invalid negative period: write the number of seconds from the start of one \
                           run to that of the next, such as `3600`";
            return Err(Error::new_spanned(&value, message));
        }
        Ok(Self { value, duration: None })
    }

    /// The expression, if the period is evaluated at run time.
    pub(crate) fn expression(&self) -> Option<&Expr> {
        self.duration.is_none().then_some(&self.value)
    }

    /// An expression of type `macro_support::Period`.
    pub(crate) fn tokens(&self, support: &TokenStream) -> TokenStream {
        let Some(duration) = self.duration else {
            let argument = {
                let value = &self.value;
                quote_spanned!(value.span()=> (#value))
            };
            let span = self.value.span().resolved_at(Span::mixed_site());
            let function = quote_spanned!(span=> period);
            return quote!(#support::#function #argument);
        };
        let (seconds, nanoseconds) = (duration.as_secs(), duration.subsec_nanos());
        quote!(#support::period(#support::Duration::new(#seconds, #nanoseconds)))
    }
}

impl ToTokens for Period {
    fn to_tokens(&self, tokens: &mut TokenStream) {
        self.value.to_tokens(tokens);
    }
}
