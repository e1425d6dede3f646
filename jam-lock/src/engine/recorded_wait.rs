//! [`RecordedWait`]: what the owner of a held lock waits for, as an engine records it.

use std::time::SystemTime;

use crate::holder::Holder;

/// A lock that the owner of a held lock waits for, as it is recorded for other processes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecordedWait {
    /// Distinguishes the wait from all others of its process, before and after; later ones have
    /// greater numbers.
    pub number: u64,
    /// The name of the lock that the owner waits for.
    pub name: String,
    /// Where that lock is: [`Engine::location`](super::Engine::location) of its engine.
    pub location: String,
    /// When the wait began, by the clock of its machine.
    pub since: SystemTime,
    /// The function that waits, as in [`Holder::function`].
    pub function: Option<String>,
    /// The source file in which it waits, as in [`Holder::file`].
    pub file: Option<String>,
    /// The line in that file, from 1.
    pub line: Option<u32>,
}

/// The result of [`Engine::find_waits`](super::Engine::find_waits).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FoundWaits {
    /// No writer of another process holds the lock, or its owner waits for nothing.
    None,
    /// A writer is recorded whose owner waits, but it is not certain that it holds the lock.
    Unconfirmed,
    /// A writer of another process holds the lock, and its owner waits for these.
    Waiting(Box<Holder>, Vec<RecordedWait>),
}
