//! The macros of jam-lock. Use them through the crate `jam-lock`, which re-exports them.

mod acquisition;
mod arguments;
mod attributes;
mod awaits;
mod block;
mod body;
mod errors;
mod failure;
mod function;
#[cfg(test)]
mod fuzzing;
mod known;
mod names;
mod nested;
mod options;
mod parameters;
mod portable;
mod registry;
mod returned;
mod section;
mod skipping;
mod suggestion;
mod template;
mod timeout;
#[cfg(test)]
mod unfinished;

use proc_macro::TokenStream;

/// # Arguments
/// The names come first by custom, the others in any order. They are evaluated before a lock is
/// acquired, and may use the function's parameters, unless these are patterns.
///
/// | argument | meaning |
/// |---|---|
/// | `"name"`, more than one | names that `lock_names!` declares, which the compiler checks; or expressions of type `LockName` |
/// | `timeout = 10` | how many seconds to wait, as an integer or a float: `-1`, the default, waits for ever, `0` tries once. Or an expression that is `Into<Timeout>`, such as a `Duration` |
/// | `id = expr` | fills the hole `{id}` of a keyed name with whatever is `Display`. It is borrowed, not moved. Without it, a variable `id` in scope is taken, as `format!` does |
/// | `shared` | asks for a shared lock, which any number may hold at once, instead of an exclusive one |
/// | `reentrant` | runs the body under the lock that a section of this thread or task already holds, if one does; without it, that is `LockError::Reentrant`. It does not join a guard that was acquired by hand, which may have moved elsewhere. A reader does not become a writer by it |
/// | `recover = …` | a path or closure, `FnOnce(&Holder) -> Result<(), E>`: what to run before the body, under the lock, when the last holder died inside |
/// | `on_lost = "finish"` | has the body of an `async fn`, or of `locked!("…", async { … })`, run to its end where its lock is lost; without it, the body is dropped where it waits. With a closure as `or_else`, which may use what the body has taken with it, it runs to its end too: name a function instead |
/// | `or_else = …` | a path or closure, `FnOnce(LockError) -> R`: what to return when the lock is not acquired. `jam_lock::skip` returns `R::default()` after a timeout; what is called `skip` gets an error that names no holder |
/// | `guard = held` | binds a variable, here `held`, to a `&LockGuard`, or to a `&[LockGuard]` where there are several names: it can be asked, but not released |
/// | `locks = expr` | which `Locks`, instead of the default ones: a `Locks`, a reference to one or an `Arc` of one. It is borrowed, not moved |
/// | `names = path` | the `lock_names` that declares the names, where it is not `crate::lock_names` |
/// | `crate = path` | the runtime crate, where it is not `::jam_lock` |
///
/// # Several names
/// `#[locked("invoice_saved", "calculation", timeout = 10)]` holds both, or neither: they are
/// acquired in the order in which they are declared, not in which they stand here, within one
/// timeout for all, and released the other way round. A name that is there twice counts once.
///
/// # Sections inside each other
/// A section may be entered in another one if its name is declared later. One that stands in the
/// text of another, on the same plain name or one that is declared earlier, does not compile.
/// Closures, `async` blocks and nested functions start afresh there, since they may run elsewhere or
/// later. What they and called functions do is seen when it runs: `LockError::Reentrant` and
/// `LockError::Order` come at once, instead of a wait that might never end. Names of two registries
/// and names made at run time have no order.
///
/// Where two attributes stand on one function, the lower one is the outer section; two names in one
/// attribute need no thought.
///
/// # When the last holder died
/// `recover` runs once, first in the body: its error leaves as a `?` there does. Unless it returns
/// `Ok`, the lock is left abandoned, and the next section gets the same holder: the first that died.
/// Where there are several names, it gets the first holder that died with one of them. Readers do not
/// recover.
///
/// Where the record of the holder cannot be read, nobody knows whether one died. Then a section with
/// `recover` is not run: its acquisition ends with `LockError::Io`, *cannot read the holder record*,
/// and the next one finds everything as it was. Locks that record no holders, or whose engine cannot
/// report deaths, refuse it: `LockError::Unsupported`.
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
/// # Async functions
/// An `async fn` waits for the lock without blocking its thread. Nothing is acquired before the future
/// is polled, and a future that is dropped gives up its wait or its lock. The future is `Send` if the
/// body and the values that it takes are.
///
/// `#[async_trait]` methods can be locked too, and so can functions that another attribute looks
/// at, `#[tracing::instrument]` for one: above `#[locked]`, its span is in the lock; below, the
/// wait is in its span. Where another attribute looks, what a pattern among the parameters leaves
/// out, as `_` does, is dropped after the lock is released.
///
/// # What cannot be locked
/// A `const fn`, a method without a body, and what returns a future without being an `async fn`, as
/// far as its return type says so: the body would only make the future, and the lock would be
/// released before it runs. The same holds for a closure or a lazy iterator that is returned.
///
/// The generated code allows some lints, `unreachable_code` among them, which no `forbid` can
/// stand: `deny` them instead.
///
/// # Troubleshooting
/// `jam_lock::guide::troubleshooting` has every message. *cannot find `lock_names` in `crate`* is the
/// most common: names are declared by `jam_lock::lock_names!`, once, at the top of `main.rs` or
/// `lib.rs`. An integration test and an example are crates of their own: they declare their own names
/// or say `names = my_library::lock_names`.
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
