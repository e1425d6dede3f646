//! What one may want to do or to know, a page each.
//!
//! To begin with:
//!
//! | page | what it tells |
//! |---|---|
//! | [`names`] | how names are declared, what their order means, one lock for each customer |
//! | [`places`] | where locks are, and who may take them |
//! | [`timeouts`] | how long to wait, and what to return when it was too long |
//! | [`tasks`] | locks in asynchronous code |
//! | [`executors`] | which executors were tried, and what to do in tests with a clock of their own |
//! | [`holders`] | who holds a lock, who died with it, and how to see what happens |
//! | [`testing`] | how to test code that takes locks |
//!
//! Where others are concerned:
//!
//! | page | what it tells |
//! |---|---|
//! | [`interop`] | what to heed beside Jam.py, Python's filelock and `flock(1)` |
//! | [`migrating`] | how a Jam.py handler becomes a Rust function |
//! | [`engines`] | one machine or several: files, PostgreSQL, an engine of your own |
//!
//! To look things up:
//!
//! | page | what it tells |
//! |---|---|
//! | [`troubleshooting`] | every message of the library and its macros, and what to do about it |
//! | [`promises`] | what can be relied on, and what cannot |
//! | [`what_happens_when`] | event by event, each with the test that shows it |

#[doc = include_str!("guide/engines.md")]
pub mod engines {}

#[doc = include_str!("guide/executors.md")]
pub mod executors {}

#[doc = include_str!("guide/holders.md")]
pub mod holders {}

#[doc = include_str!("guide/interop.md")]
pub mod interop {}

#[doc = include_str!("guide/migrating.md")]
pub mod migrating {}

#[doc = include_str!("guide/names.md")]
pub mod names {}

#[doc = include_str!("guide/places.md")]
pub mod places {}

#[doc = include_str!("guide/promises.md")]
pub mod promises {}

#[doc = include_str!("guide/tasks.md")]
pub mod tasks {}

#[doc = include_str!("guide/testing.md")]
pub mod testing {}

#[doc = include_str!("guide/timeouts.md")]
pub mod timeouts {}

#[doc = include_str!("guide/troubleshooting.md")]
pub mod troubleshooting {}

#[doc = include_str!("guide/what_happens_when.md")]
pub mod what_happens_when {}
