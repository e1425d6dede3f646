//! [`OfProcess`]: what a fork must not inherit.

use std::process;

/// A value that belongs to one process, and starts anew in its forks.
///
/// A fork copies what its parent knows of threads, but none of the threads.
pub(crate) struct OfProcess<T> {
    process: u32,
    value: Option<T>,
    start: fn() -> T,
}

impl<T> OfProcess<T> {
    /// A value that `start` makes, on first use in each process.
    pub(crate) const fn new(start: fn() -> T) -> Self {
        Self { process: 0, value: None, start }
    }

    /// The value of this process.
    pub(crate) fn get(&mut self) -> &mut T {
        let here = process::id();
        if self.process != here {
            self.process = here;
            // What the parent had is not dropped: it may wake or join what is not there.
            std::mem::forget(self.value.take());
        }
        self.value.get_or_insert_with(self.start)
    }
}
