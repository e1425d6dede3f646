//! [`lock_names!`](crate::lock_names), as users see it.

/// Declares the lock names of an application, once, at the top of the crate root.
///
/// Each name is a string literal with a doc comment. The declaration defines:
///
/// - `crate::lock_names`, a documented module with a constant for each name, of type
///   [`LockName`](crate::LockName), and with `list()`, which returns all the literals. A constant has
///   the name in upper case, with `_` for characters that an identifier cannot have:
///   `"$copying database"` makes `COPYING_DATABASE`.
/// - A function for each name with placeholders, which is one lock for each value:
///   `"customer_{id}"` makes `lock_names::customer_id(7)`, whose argument is anything that implements
///   `Display`. In the macros, `"customer_{from}"` is the lock of `from`. [`LockName`](crate::LockName#keyed-names) shows the files of such names.
/// - A type for each name, such as `lock_names::InvoiceSaved` for `"invoice_saved"`: the name in camel case. A
///   `&Held<lock_names::InvoiceSaved>` [proves](crate::Held) that the lock is held, and
///   `lock_names::InvoiceSaved::lock()?` is [that lock](crate::DeclaredLock), to be acquired by hand.
/// - `locked!`: write it as such in the code below, which is why the declaration belongs above the
///   crate's modules, and as `lock_names::locked!` anywhere else.
///
/// A literal in [`#[locked("…")]`](macro@crate::locked) or `locked!("…", …)` that is not declared is
/// a compile error with a suggestion.
///
/// The order of declaration is the lock order. Several locks acquired together are acquired in it, and
/// a lock acquired while another is held must be declared after that one, so that sections cannot
/// deadlock. Declare first what is acquired first and held longest.
///
/// These do not compile: a name that is declared twice, even in different case; two names with the same
/// constant or type; two names that some keys make equal; and a name that is not
/// [portable](crate::LockName::new) as a file name.
///
/// # Example
/// ```
/// use jam_lock::{LockError, locked};
///
/// jam_lock::lock_names! {
///     /// Held while an invoice is being saved.
///     "invoice_saved",
///     /// Jam.py's own: held while it copies the database.
///     "$copying database",
/// }
///
/// #[locked("invoice_saved", timeout = 10)]
/// fn save() -> Result<u32, LockError> {
///     locked!("$copying database", timeout = 0.5, { 7 })
/// }
///
/// fn main() -> Result<(), LockError> {
///     # jam_lock::set_default_locks(jam_lock::Locks::in_memory())?;
///     assert_eq!(save()?, 7);
///     assert_eq!(lock_names::COPYING_DATABASE.as_str(), "$copying database");
///     assert_eq!(lock_names::list().len(), 2);
///     Ok(())
/// }
/// ```
///
/// A name that was not declared does not compile:
/// ```compile_fail
/// jam_lock::lock_names! {
///     /// Held while an invoice is being saved.
///     "invoice_saved",
/// }
///
/// // error: unknown lock name `invoice_svaed`
/// //        did you mean `invoice_saved`?
/// #[jam_lock::locked("invoice_svaed")]
/// fn save() -> Result<(), jam_lock::LockError> {
///     Ok(())
/// }
///
/// fn main() {}
/// ```
///
/// # Names of another crate
/// Write `names = other::lock_names` in the arguments, or `pub use other::lock_names;` in the crate
/// root instead of declaring names there. The `locked!` of the other crate is `lock_names::locked!`.
///
/// # In the crate root
/// The macros look for `crate::lock_names`. In a documentation test, declare the names outside of an
/// explicit `fn main`.
#[macro_export]
macro_rules! lock_names {
    ($($tokens:tt)*) => {
        $crate::macro_support::lock_names! { [$crate] $($tokens)* }
    };
}
