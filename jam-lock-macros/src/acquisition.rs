//! The code that acquires what the arguments ask for.

use proc_macro2::{Ident, Span, TokenStream};
use quote::{ToTokens, quote, quote_spanned};
use syn::spanned::Spanned;
use syn::{Error, Expr, Result};

use crate::arguments::{Arguments, Name};
use crate::options::Options;

/// Where generated code finds what it calls.
pub(crate) struct Places {
    /// The runtime's `macro_support`.
    pub(crate) support: TokenStream,
    /// The registry that knows the literals.
    pub(crate) names: TokenStream,
}

impl Places {
    /// What the options say, and `runtime` and `names` where they are silent.
    pub(crate) fn new(options: &Options, runtime: TokenStream, names: TokenStream) -> Self {
        let runtime = options.runtime.as_ref().map_or(runtime, ToTokens::to_token_stream);
        Self {
            support: quote!(#runtime::macro_support),
            names: options.names.as_ref().map_or(names, ToTokens::to_token_stream),
        }
    }
}

/// How to wait for a lock.
#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Wait {
    /// The thread sleeps.
    Blocking,
    /// The task lets others run.
    Async,
}

/// An expression that is a `Result` of a guard, or of guards where there are several names.
///
/// `function` is a path that ends in the function's name, or in a closure of it.
///
/// What the arguments borrow meanwhile is given back first, but for the locks: a future would have
/// to carry it along.
pub(crate) fn acquire(
    arguments: &Arguments,
    places: &Places,
    function: &TokenStream,
    wait: Wait,
) -> TokenStream {
    let support = &places.support;
    let Options { timeout, shared, reentrant, recover, locks, or_else, .. } = &arguments.options;
    let [asked, patience] = ["asked", "patience"].map(hidden);

    let names = arguments.names.iter().map(|name| self::name(name, arguments, places));
    let request = if arguments.is_of_one() {
        quote!(#support::one(#(#names)*, #function))
    } else {
        quote!(#support::all([#(#names),*], #function))
    };
    let let_patience = timeout.as_ref().map(|timeout| {
        let timeout = timeout.tokens(support);
        quote!(let #patience = #timeout;)
    });
    let timeout = timeout.as_ref().map(|_| quote!(.timeout(#patience)));
    let shared = shared.map(|()| quote!(.shared()));
    let reentrant = reentrant.map(|()| quote!(.reentrant()));
    let without_holder =
        or_else.as_ref().filter(|it| is_skip(it)).map(|_| quote!(.without_holder()));
    let must_see_deaths = recover.as_ref().map(|_| quote!(.must_see_deaths()));
    let of = locks.as_ref().map(|locks| {
        let locks = quote_spanned!(locks.span()=> &(#locks));
        quote!(.of(#locks))
    });
    let acquire = match wait {
        Wait::Blocking => quote!(.acquire()),
        Wait::Async => quote!(.acquire_async().await),
    };
    quote! {{
        let #asked = #request;
        #let_patience
        #asked #timeout #shared #reentrant #without_holder #must_see_deaths #of #acquire
    }}
}

/// Whether `or_else` names `jam_lock::skip`, which does not read the error of a timeout.
fn is_skip(or_else: &Expr) -> bool {
    let Expr::Path(function) = or_else else { return false };
    function.path.segments.last().is_some_and(|segment| segment.ident == "skip")
}

/// An expression that is a `LockName`.
fn name(name: &Name, arguments: &Arguments, Places { support, names }: &Places) -> TokenStream {
    match name {
        Name::Literal(literal, holes) => {
            let keys = holes.iter().map(|hole| {
                let key = arguments.key(hole);
                // A value that is not `Display` is reported where it is.
                let span = key.clone().into_iter().next().map_or(hole.span(), |key| key.span());
                quote_spanned!(span=> &#key)
            });
            let keys = (!holes.is_empty()).then(|| quote!((#(#keys),*)));
            quote_spanned!(literal.span()=> #names::name! { [#names] #literal #keys })
        }
        // The declared type makes rustc blame the expression alone where it is of another one.
        Name::Expression(expression) => {
            let name = hidden("name");
            let expected = quote_spanned!(expression.span()=> #support::LockName);
            quote!({ let #name: #expected = #expression; #name })
        }
    }
}

/// A statement that shows the guard, or the guards, to what runs under the lock.
pub(crate) fn show(arguments: &Arguments, guard: &Ident) -> Option<TokenStream> {
    let Options { guard: bound, recover, .. } = &arguments.options;
    let shown = hidden("shown");
    let guard = if arguments.is_of_one() { quote!(&#guard) } else { quote!(&*#guard) };
    (bound.is_some() || recover.is_some()).then(|| quote!(let #shown = #guard;))
}

/// Statements that run under the lock before the body: what the guard is bound to, and recovery,
/// whose error leaves as a `?` in the body does.
pub(crate) fn begin(arguments: &Arguments, Places { support, .. }: &Places) -> TokenStream {
    let Options { guard, recover, .. } = &arguments.options;
    let shown = hidden("shown");
    let bind = guard.as_ref().map(|bound| quote!(let #bound = #shown;));
    let recover = recover.as_ref().map(|recover| {
        let call = quote_spanned!(recover.span()=> (#shown, #recover)?);
        quote!(#support::recover #call;)
    });
    quote!(#bind #recover)
}

/// A statement that binds what the guard would be bound to, for a body that does not compile.
pub(crate) fn bind_nothing(
    arguments: &Arguments,
    Places { support, .. }: &Places,
) -> Option<TokenStream> {
    let guard = quote!(#support::LockGuard);
    let guard = if arguments.is_of_one() { guard } else { quote!([#guard]) };
    let bound = arguments.options.guard.as_ref();
    bound.map(|bound| {
        quote! {
            #[allow(unused_variables, reason = "what is wrong is told beside it")]
            let #bound: &#guard = #support::unheld();
        }
    })
}

/// The value of `section`, a future, which runs under the guard: what it acquires, and what its
/// destructors acquire, counts as the holder's.
///
/// Where the lock is lost meanwhile, the section is dropped where it waits, and `leave` is done with
/// the error; it is left out where the section is to go on.
pub(crate) fn within(
    section: &TokenStream,
    places: &Places,
    leave: Option<&TokenStream>,
) -> TokenStream {
    let support = &places.support;
    let [guard, error, value] = ["guard", "error", "value"].map(hidden);
    // What the section has made is taken out, and dropped, before its lock is released.
    let section = quote!(::core::pin::pin!(::core::option::Option::Some(#section)));
    match leave {
        None => quote!(#support::within(&#guard, #section).await),
        Some(leave) => quote! {
            match #support::unless_lost(&#guard, #section).await {
                ::core::result::Result::Ok(#value) => #value,
                ::core::result::Result::Err(#error) => #leave,
            }
        },
    }
}

/// Whether a section is dropped where its lock is lost.
///
/// What a closure would make of that may use what the section has taken with it by then.
pub(crate) fn ends_when_lost(options: &Options) -> bool {
    let or_else = options.or_else.as_ref();
    options.on_lost.is_none() && or_else.is_none_or(|or_else| matches!(or_else, Expr::Path(_)))
}

/// Refuses to be told what is done with a thread whose lock is lost: it cannot be stopped.
pub(crate) fn refuse_to_stop(arguments: &Arguments) -> Result<()> {
    let Some(on_lost) = &arguments.options.on_lost else { return Ok(()) };
    let message = "a section that blocks its thread always runs to its end: remove `on_lost`, and \
                   ask `ensure()?` of the guard (`guard = held`) before what only the holder may do";
    Err(Error::new_spanned(on_lost, message))
}

/// A variable that the user's code cannot see.
pub(crate) fn hidden(name: &str) -> Ident {
    Ident::new(name, Span::mixed_site())
}
