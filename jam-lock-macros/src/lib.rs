//! The macros of jam-lock. Use them through the crate `jam-lock`, which re-exports them.

mod acquisition;
mod arguments;
mod awaits;
mod block;
mod body;
mod errors;
mod failure;
mod function;
mod known;
mod names;
mod parameters;
mod portable;
mod registry;
mod suggestion;
mod timeout;

use proc_macro::TokenStream;

/// # Arguments
/// The name comes first by custom, the others in any order. They are evaluated before the lock is
/// acquired, and may use the function's parameters, unless these are patterns.
///
/// | argument | meaning |
/// |---|---|
/// | `"name"` | a name that `lock_names!` declares, which the compiler checks; or an expression of type `LockName` |
/// | `timeout = 10` | how many seconds to wait, as an integer or a float: `-1`, the default, waits for ever, `0` tries once. Or an expression that is `Into<Timeout>`, such as a `Duration` |
/// | `or_else = …` | a path or closure, `FnOnce(LockError) -> R`: what to return when the lock is not acquired. `jam_lock::skip` returns `R::default()` after a timeout |
/// | `guard = held` | binds a variable, here `held`, to a `&LockGuard`: it can be asked, but not released |
/// | `locks = expr` | which `Locks`, instead of the default ones: a `Locks`, a reference to one or an `Arc` of one. It is borrowed, not moved |
/// | `names = path` | the `lock_names` that declares the name, where it is not `crate::lock_names` |
/// | `crate = path` | the runtime crate, where it is not `::jam_lock` |
///
/// # When the lock is not acquired
/// The body does not run, and the function returns. What it returns is made by `or_else`, or else
/// by the return type, which then has to implement `FromLockError`, as every `Result<_, E>` with
/// `E: From<LockError>` does.
///
/// # The body
/// `return`, `?` and type inference are as without the attribute. Everything that the body made, its
/// temporaries and its by-value parameters included, is dropped before the lock is released.
///
/// A method that takes `self` by value runs its body in a closure. With `#[track_caller]`,
/// `Location::caller()` in such a body is the body itself.
///
/// # What cannot be locked
/// A `const fn`, a method without a body, and, so far, an `async fn` and what else returns a future,
/// as far as its return type says so: the body would only make the future, and the lock would be
/// released before it runs. The same holds for a closure or a lazy iterator that is returned.
///
/// # Troubleshooting
/// *cannot find `lock_names` in the crate root*: names are declared by `jam_lock::lock_names!`, once,
/// at the top of `main.rs` or `lib.rs`. An integration test and an example are crates of their own:
/// they declare their own names or say `names = my_library::lock_names`.
#[proc_macro_attribute]
pub fn locked(arguments: TokenStream, item: TokenStream) -> TokenStream {
    function::expand(&arguments.into(), &item.into()).into()
}

/// What `jam_lock::lock_names!` calls, with `[$crate]` in front.
#[doc(hidden)]
#[proc_macro]
pub fn lock_names(input: TokenStream) -> TokenStream {
    registry::expand(input.into()).into()
}

/// What a registry's `locked!` calls, with the runtime crate and the registry in front.
#[doc(hidden)]
#[proc_macro]
pub fn block(input: TokenStream) -> TokenStream {
    block::expand(input.into()).into()
}

/// What a registry's `name!` calls, with the runtime crate and the declared names in front.
#[doc(hidden)]
#[proc_macro]
pub fn name(input: TokenStream) -> TokenStream {
    known::expand(input.into()).into()
}
