//! The public macros: [`locked`] and [`lock_names!`](crate::lock_names).

/// Holds a lock while a function, or a block, runs.
///
/// ```
/// use jam_lock::{LockError, LockName, locked, skip};
/// use std::time::Duration;
///
/// jam_lock::lock_names! {
///     /// Held while an invoice is being saved.
///     "invoice_saved",
///     /// Held while the nightly report is being made.
///     "report",
/// }
///
/// /// Waits for at most ten seconds.
/// #[locked("invoice_saved", timeout = 10)]
/// fn save(number: u32) -> Result<u32, LockError> {
///     Ok(number)
/// }
///
/// /// Makes no report if another process is making one.
/// #[locked("report", timeout = 0, or_else = skip)]
/// fn report() -> Option<String> {
///     Some("42 invoices".to_owned())
/// }
///
/// struct Archive {
///     name: LockName,
///     timeout: Duration,
/// }
///
/// impl Archive {
///     /// Takes the name and the timeout from values of the running program.
///     #[locked(self.name.clone(), timeout = self.timeout, guard = held)]
///     fn store(&self) -> std::io::Result<String> {
///         Ok(format!("waited for {:?}", held.waited()))
///     }
/// }
///
/// fn main() -> Result<(), Box<dyn std::error::Error>> {
///     # jam_lock::set_default_locks(jam_lock::Locks::in_memory())?;
///     assert_eq!(save(7)?, 7);
///     assert!(report().is_some());
///     let archive = Archive { name: LockName::new("2026")?, timeout: Duration::from_secs(1) };
///     assert_eq!(archive.store()?, "waited for 0ns");
///     Ok(())
/// }
/// ```
///
/// # On a block
/// `locked!`, which [`lock_names!`](crate::lock_names) defines, takes the same arguments and then a
/// block. It needs no import: write `locked!` below the `lock_names!`, and `lock_names::locked!`
/// anywhere else.
///
/// It evaluates to a `Result<T, LockError>`, where `T` is the block's type; with `or_else`, to a plain
/// `T`: the block's value, or what `or_else` returned. `return`, `?`, `break` and `continue` act on
/// the surrounding code. All values that the block created are dropped before the lock is released.
/// The thread blocks until the lock is acquired, so a block that has an `.await` of its own does not
/// compile.
///
/// With `async { … }` or `async move { … }` it is a future of that value, which waits without
/// blocking its thread. `return` and `?` then act on the async block, as in any async block; one
/// with a `?` makes the value a `Result<Result<T, E>, LockError>`.
///
/// ```
/// jam_lock::lock_names! {
///     /// Held while the sold tracks are recalculated.
///     "calculation",
/// }
///
/// fn total(texts: &[&str]) -> Result<u32, Box<dyn std::error::Error>> {
///     let mut total = 0;
///     for text in texts {
///         if text.is_empty() {
///             continue;
///         }
///         total += locked!("calculation", timeout = 0.5, { text.parse::<u32>()? })?;
///     }
///     Ok(total)
/// }
///
/// fn main() {
///     # jam_lock::set_default_locks(jam_lock::Locks::in_memory()).unwrap();
///     assert_eq!(total(&["1", "", "2"]).unwrap(), 3);
///     let free = locked!("calculation", timeout = 0, or_else = |_| false, { true });
///     assert!(free);
/// }
/// ```
///
/// # In a task, with a key, for readers, with several locks
/// ```
/// use jam_lock::{LockError, locked};
///
/// jam_lock::lock_names! {
///     /// Held while the stock is counted.
///     "stock",
///     /// One lock for each customer.
///     "customer_{id}",
/// }
///
/// struct Order {
///     customer: u32,
/// }
///
/// /// Waits without blocking the thread while another section works for the same customer.
/// #[locked("customer_{id}", id = order.customer, timeout = 10)]
/// async fn deliver(order: &Order) -> Result<(), LockError> {
///     Ok(())
/// }
///
/// /// Reads together with other readers; `{id}` is the parameter of that name.
/// #[locked("customer_{id}", shared)]
/// fn balance(id: u32) -> Result<i64, LockError> {
///     Ok(0)
/// }
///
/// /// Holds both locks or neither; they are acquired in the same order everywhere.
/// #[locked("stock", "customer_{id}", timeout = 10)]
/// fn reserve(id: u32) -> Result<(), LockError> {
///     Ok(())
/// }
///
/// async fn deliver_later(order: Order) -> Result<(), LockError> {
///     locked!("stock", async { /* … */ }).await?;
///     deliver(&order).await
/// }
/// #
/// # fn main() -> Result<(), LockError> {
/// #     jam_lock::set_default_locks(jam_lock::Locks::in_memory())?;
/// #     let _ = (balance(7)?, deliver_later(Order { customer: 7 }));
/// #     reserve(7)
/// # }
/// ```
pub use jam_lock_macros::locked;

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
///   `Display`. [`LockName`](crate::LockName#keyed-names) shows the files of such names.
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
/// constant; two names that some keys make equal; and a name that is not
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
