//! Orders of attributes that do not compile. Each has the other order beside it, which does.
//!
//! That of rstest is in `tests/diagnostics`: it generates nothing outside of tests.
//!
//! # cached
//! It would copy `#[locked]` to a function that it calls.
//! ```compile_fail
//! jam_lock::lock_names! { /// Held while a value is computed.
//! "value" }
//! #[cached::proc_macro::cached]
//! #[jam_lock::locked("value", or_else = |_| 0)]
//! fn value(number: u32) -> u32 { number }
//! fn main() {}
//! ```
//! ```
//! jam_lock::lock_names! { /// Held while a value is computed.
//! "value" }
//! #[jam_lock::locked("value", or_else = |_| 0)]
//! #[cached::proc_macro::cached]
//! fn value(number: u32) -> u32 { number }
//! fn main() {}
//! ```
//!
//! # maybe-async
//! It makes the function a blocking one, but not what `#[locked]` has already generated.
//! ```compile_fail
//! jam_lock::lock_names! { /// Held while a page is fetched.
//! "page" }
//! #[jam_lock::locked("page")]
//! #[maybe_async::must_be_sync]
//! async fn fetch() -> Result<(), jam_lock::LockError> { Ok(()) }
//! fn main() {}
//! ```
//! ```
//! jam_lock::lock_names! { /// Held while a page is fetched.
//! "page" }
//! #[maybe_async::must_be_sync]
//! #[jam_lock::locked("page")]
//! async fn fetch() -> Result<(), jam_lock::LockError> { Ok(()) }
//! fn main() {}
//! ```
