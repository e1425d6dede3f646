//! The statements of a function that runs its body under the lock.

use proc_macro2::{Ident, Span, TokenStream};
use quote::{ToTokens, quote, quote_spanned};
use syn::ext::IdentExt;
use syn::spanned::Spanned;
use syn::{Receiver, ReturnType, Token, Type};

use crate::acquisition::{Wait, acquire};
use crate::arguments::Arguments;
use crate::at_most_every::end_run;
use crate::before_body::{borrow_guard, prologue};
use crate::body::Body;
use crate::hygiene::{Paths, hidden};
use crate::lock_order;
use crate::not_acquired::return_early;
use crate::on_lost::{is_dropped_when_lost, run_in, run_under_guard};
use crate::rename_self::{rename_self, renamed_self};
use crate::return_type::without_impl_trait;

/// What the statements depend on.
///
/// The braces around a body have the edition of this crate, so that temporaries in the body's tail
/// are dropped before the parameters and the guard in every edition. The body's own braces keep the
/// user's edition. Where the body is compiled as a function of its own, as a closure or a future, braces
/// with the body's span are around those: coverage counts a function only if its span is the user's.
pub(crate) struct Section<'a> {
    pub(crate) arguments: &'a Arguments,
    pub(crate) paths: &'a Paths,
    /// The name of the function.
    pub(crate) ident: &'a Ident,
    /// The type that its body returns.
    pub(crate) output: &'a ReturnType,
}

impl Section<'_> {
    /// Runs the body in the function itself, with a by-value `self` under another name; `None` if it
    /// cannot be renamed.
    pub(crate) fn blocking_without_closure(
        &self,
        receiver: &Receiver,
        moves: &TokenStream,
        body: &Body,
    ) -> Option<TokenStream> {
        let Receiver { mutability, self_token, .. } = receiver;
        let this = renamed_self(self_token.span);
        let bind_guard = self.bind_guard(Wait::Blocking, body);
        let prologue = rename_self(prologue(self.arguments, self.paths))?;
        let body = body.clone().try_map(rename_self)?;
        Some(quote! {
            #bind_guard
            { let #mutability #this = #self_token; let _ = &#this; #moves #prologue #body }
        })
    }

    /// Runs the body in the function itself.
    pub(crate) fn blocking(
        &self,
        receiver: Option<Token![self]>,
        moves: &TokenStream,
        body: &Body,
    ) -> TokenStream {
        let bind_guard = self.bind_guard(Wait::Blocking, body);
        let prologue = prologue(self.arguments, self.paths);
        let section = quote!({ #moves #prologue #body });
        if self.ends_run() {
            let receiver = receiver.map(|receiver| quote!(let _ = &#receiver;));
            let output = without_impl_trait(self.output.to_token_stream());
            let section = body.braces_around(quote!({ #receiver #section }));
            // A `return` in the body ends only the closure, so that its value is seen here.
            let returned = self.return_after_run(&quote!((move || #output #section)()));
            return quote!(#bind_guard { #returned });
        }
        let section = match receiver {
            Some(receiver) => {
                let output = without_impl_trait(self.output.to_token_stream());
                let section = body.braces_around(quote!({ let _ = &#receiver; #section }));
                // A `let` cannot move `self`, but a closure can; the borrow makes it capture all
                // of `self`, not just the fields in use.
                quote!({ return (move || #output #section)() })
            }
            None => section,
        };
        quote!(#bind_guard #section)
    }

    /// Runs the body in a future of its own, into which all parameters move.
    pub(crate) fn asynchronous(
        &self,
        receiver: Option<Token![self]>,
        moves: &TokenStream,
        body: &Body,
    ) -> TokenStream {
        let prologue = prologue(self.arguments, self.paths);
        let output_type = self.output_type();
        let receiver = receiver.map(|receiver| quote!(let _ = &#receiver;));
        let section = body.braces_around(quote!({ #output_type #receiver #moves #prologue #body }));
        let (bind_guard, value) = self.await_section(&quote!(async move #section), body);
        match self.output {
            ReturnType::Type(_, ty) if matches!(**ty, Type::Never(_)) => {
                quote!(#bind_guard match #value {})
            }
            _ => {
                let returned = self.return_after_run(&value);
                quote!(#bind_guard #returned)
            }
        }
    }

    /// Whether the end of the body is that of a run, which counts or not.
    fn ends_run(&self) -> bool {
        let never =
            matches!(self.output, ReturnType::Type(_, ty) if matches!(**ty, Type::Never(_)));
        self.arguments.options.at_most_every.is_some() && !never
    }

    /// Statements that return `value`, and end the run with it before.
    fn return_after_run(&self, value: &TokenStream) -> TokenStream {
        let [guard, returned] = ["guard", "value"].map(hidden);
        match end_run(self.arguments, self.paths, &guard, &returned) {
            None => quote!(return #value),
            Some(end_run) => quote!(let #returned = #value; #end_run return #returned;),
        }
    }

    /// The future that the function boxes: it acquires the lock and runs the body.
    pub(crate) fn boxed(&self, body: &Body) -> TokenStream {
        let prologue = prologue(self.arguments, self.paths);
        let output_type = self.output_type();
        let section = body.braces_around(quote!({ #output_type #prologue #body }));
        let (bind_guard, value) = self.await_section(&quote!(async move #section), body);
        let value = if self.ends_run() { self.return_after_run(&value) } else { value };
        quote!(async move { #output_type #bind_guard #value })
    }

    /// Statements, and after them an expression that awaits the future under the lock. They return from the
    /// function if the lock is not acquired, or is lost.
    ///
    /// Unless the guard is used, one `.await` is enough for the acquisition and the body.
    ///
    /// The braces are of this crate's edition, so that no temporary outlives the guard.
    fn await_section(&self, future: &TokenStream, body: &Body) -> (TokenStream, TokenStream) {
        let Self { arguments, paths, ident, output } = self;
        let on_error = is_dropped_when_lost(&arguments.options).then(|| {
            return_early(ident, output, &arguments.options, &hidden("error"), &paths.support)
        });
        match on_error {
            Some(on_error) if arguments.has_one_name() && !arguments.options.use_guard() => {
                let section = self.acquire(Wait::WithBody);
                let value = run_in(&section, future, &on_error);
                (self.order_checks(body), quote!({ #value }))
            }
            on_error => {
                let value = run_under_guard(future, paths, on_error.as_ref());
                (self.bind_guard(Wait::Async, body), quote!({ #value }))
            }
        }
    }

    /// Acquires the lock and binds the guard, or returns from the function.
    fn bind_guard(&self, wait: Wait, body: &Body) -> TokenStream {
        let Self { arguments, paths, ident, output } = self;
        let [guard, error] = ["guard", "error"].map(hidden);
        let (order_checks, acquire) = (self.order_checks(body), self.acquire(wait));
        let failure = return_early(ident, output, &arguments.options, &error, &paths.support);
        let borrow_guard = borrow_guard(arguments, &guard);
        quote! {
            #order_checks
            let #guard = match #acquire {
                ::core::result::Result::Ok(#guard) => #guard,
                ::core::result::Result::Err(#error) => #failure,
            };
            #borrow_guard
        }
    }

    fn acquire(&self, wait: Wait) -> TokenStream {
        let function = self.ident.unraw().to_string();
        acquire(self.arguments, self.paths, &quote!(#function), wait)
    }

    fn order_checks(&self, body: &Body) -> TokenStream {
        lock_order::checks(self.arguments, &self.paths.names, body.content())
    }

    /// Statements that give an `async` block its return type, which has no syntax.
    ///
    /// They have the span of the function's return type, which rustc shows to explain a mismatch.
    fn output_type(&self) -> TokenStream {
        let (output, span) = match self.output {
            ReturnType::Default => (quote!(()), self.ident.span()),
            // A variable cannot have the type `!` yet, and no value is ever returned.
            ReturnType::Type(_, ty) if matches!(**ty, Type::Never(_)) => {
                (quote!(::core::convert::Infallible), ty.span())
            }
            ReturnType::Type(_, ty) => (without_impl_trait(ty.to_token_stream()), ty.span()),
        };
        let returned = hidden("returned");
        // Only the braces, because an editor goes from a return type to all words at its span.
        let value = quote_spanned!(Span::mixed_site().located_at(span)=> { #returned });
        quote! {
            if false {
                let #returned: #output = loop {};
                #[allow(unreachable_code, reason = "only the type matters")]
                return #value;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proc_macro2::{Group, LineColumn, TokenStream, TokenTree};

    use crate::function;

    /// The groups in `tokens` whose braces are where those of the user's body are.
    fn groups_at(start: LineColumn, tokens: TokenStream) -> Vec<Group> {
        let groups = tokens.into_iter().filter_map(|token| match token {
            TokenTree::Group(group) => Some(group),
            _ => None,
        });
        let found = groups.flat_map(|group| {
            let inner = groups_at(start, group.stream());
            let is_there = group.span_open().start() == start;
            is_there.then_some(group).into_iter().chain(inner)
        });
        found.collect()
    }

    fn count_braces_of_the_body(
        code: &str,
        expand: impl FnOnce(TokenStream) -> TokenStream,
    ) -> usize {
        let start = LineColumn { line: 1, column: code.find("{ Ok").expect("the body") };
        groups_at(start, expand(code.parse().unwrap())).len()
    }

    #[test]
    fn a_body_that_is_compiled_as_a_function_of_its_own_has_the_users_braces() {
        for (item, braces) in [
            ("fn save(number: u32) -> Result<u32, LockError> { Ok(number) }", 2),
            ("async fn save(number: u32) -> Result<u32, LockError> { Ok(number) }", 3),
            ("fn save(self) -> Result<u32, LockError> { Ok(self.number) }", 3),
        ] {
            // Those of the function, of the body, and of the future or the closure in between.
            let expand = |item| function::expand(&"\"a\"".parse().unwrap(), &item);
            assert_eq!(count_braces_of_the_body(item, expand), braces, "{item}");
        }
    }
}
