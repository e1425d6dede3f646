//! `at_most_every = …`: the shortest time from the begin of one run to that of the next.

use std::time::Duration;

use proc_macro2::{Ident, Span, TokenStream};
use quote::{ToTokens, quote, quote_spanned};
use syn::spanned::Spanned;
use syn::{Attribute, Error, Expr, Result, UnOp};

use crate::arguments::Arguments;
use crate::errors::Errors;
use crate::hygiene::Paths;
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
            let message = "invalid negative period: write the number of seconds from the begin of one \
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

/// Rejects arguments that exclude a period.
pub(crate) fn check(arguments: &Arguments, errors: &mut Errors) {
    let Some(period) = &arguments.options.at_most_every else { return };
    if arguments.options.shared.is_some() {
        let message = "`at_most_every` cannot be combined with `shared`: readers run at the same time, so \
                       remove `shared`";
        errors.at_tokens(period, message);
    }
    if arguments.options.reentrant.is_some() {
        let message = "`at_most_every` cannot be combined with `reentrant`: a run inside of a run of the \
                       same lock would always be too soon, so remove one of them";
        errors.at_tokens(period, message);
    }
    if let Some(second) = arguments.names.get(1) {
        let message = "`at_most_every` takes one lock name, under which the last run is recorded: acquire \
                       the other locks inside, by another `#[locked]` function or `locked!`";
        errors.at_span(second.span(), message);
    }
}

/// Rejects a period on a function whose body has to be in the function itself, because a run that
/// returns an error would count.
pub(crate) fn check_attributes(
    arguments: &Arguments,
    attributes: &[Attribute],
    errors: &mut Errors,
) {
    let is_tracked = attributes.iter().any(|it| it.path().is_ident("track_caller"));
    if let (true, Some(period)) = (is_tracked, &arguments.options.at_most_every) {
        let message = "`at_most_every` cannot be combined with `#[track_caller]`: move the body to a \
                       function of its own, and pass it the caller's location";
        errors.at_tokens(period, message);
    }
}

/// A statement that ends the run of `guard` with `value`: an `Err` does not count. None without a period.
pub(crate) fn end_run(
    arguments: &Arguments,
    Paths { support, .. }: &Paths,
    guard: &Ident,
    value: &Ident,
) -> Option<TokenStream> {
    arguments.options.at_most_every.as_ref().map(|_| {
        quote! {
            #[allow(unreachable_code, reason = "the body may never end normally")]
            #support::end_run(&#guard, #support::RunEnd::new(&#value).is_failure());
        }
    })
}
