//! How to use this library, what it guarantees, and what its messages mean.
//!
//! # How to …
//!
//! | page | shows how to |
//! |---|---|
//! | [Names and their order](names) | declare lock names, put them in order, have one lock per customer |
//! | [Timeouts](timeouts) | choose a timeout, and decide what a function returns when it passes |
//! | [Async code, axum](tasks) | lock in asynchronous code |
//! | [The lock folder](lock_folder) | choose the folder of the lock files, and let several users share it |
//! | [Tests](testing) | test code that takes locks |
//! | [Holders and waits](holders) | find the holder of a lock, list all locks, log waits |
//! | [Scheduled jobs, cron](scheduled_jobs) | run a job at most every hour, in whichever process |
//! | [Permits](permits) | let at most *n* run at once, in all processes together |
//! | [Proof](proof) | write functions that cannot be called without a lock |
//! | [After a crash](recovery) | clean up after a holder that died, keep out one that was late |
//! | [Deadlocks](deadlocks) | resolve a deadlock, and find out what a holder waits for |
//! | [PostgreSQL](postgres) | lock across machines, with PostgreSQL |
//! | [Jam.py, filelock, `flock(1)`](interop) | use the same locks as Jam.py, Python's filelock and `flock(1)` |
//! | [Moving from Jam.py, fs2, fd-lock, named-lock, `serial_test`](migrating) | move a Jam.py handler to Rust, or code that uses another lock crate |
//! | [An engine of your own](custom_engine) | implement an engine of your own |
//!
//! # Reference
//!
//! | page | lists |
//! |---|---|
//! | [The command, cron and systemd](command_line) | the command `jam-lock`: its subcommands, exit statuses, JSON |
//! | [Messages, and what to do](troubleshooting) | every message of the library and its macros, with the remedy |
//! | [What happens when …](what_happens_when) | events and their effects, each with the test that shows it |
//! | [Attributes of frameworks](other_attributes) | `#[locked]` beside the attributes of frameworks: which goes above, and what to return |
//! | [Executors](executors) | the executors, simulators and thread pools that were tried |
//!
//! # Background
//!
//! | page | explains |
//! |---|---|
//! | [Promises](promises) | what you can rely on, with the bounds, and what you cannot |
//! | [Which engine](engines) | which engine to choose: a folder or PostgreSQL |

#[doc = include_str!("guide/command_line.md")]
pub mod command_line {}

#[doc = include_str!("guide/custom_engine.md")]
pub mod custom_engine {}

#[doc = include_str!("guide/deadlocks.md")]
pub mod deadlocks {}

#[doc = include_str!("guide/engines.md")]
pub mod engines {}

#[doc = include_str!("guide/executors.md")]
pub mod executors {}

#[doc = include_str!("guide/holders.md")]
pub mod holders {}

#[doc = include_str!("guide/interop.md")]
pub mod interop {}

#[doc = include_str!("guide/lock_folder.md")]
pub mod lock_folder {}

#[doc = include_str!("guide/migrating.md")]
pub mod migrating {}

#[doc = include_str!("guide/names.md")]
pub mod names {}

#[doc = include_str!("guide/other_attributes.md")]
pub mod other_attributes {}

#[doc = include_str!("guide/permits.md")]
pub mod permits {}

#[doc = include_str!("guide/postgres.md")]
pub mod postgres {}

#[doc = include_str!("guide/promises.md")]
pub mod promises {}

#[doc = include_str!("guide/proof.md")]
pub mod proof {}

#[doc = include_str!("guide/recovery.md")]
pub mod recovery {}

#[doc = include_str!("guide/scheduled_jobs.md")]
pub mod scheduled_jobs {}

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
