//! [`End`]: threads that go on until the test is over.

use std::sync::atomic::{AtomicBool, Ordering};

/// Sets a flag when it is dropped, so also if the test fails: a scope waits for its threads then.
pub struct End<'a>(pub &'a AtomicBool);

impl Drop for End<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::SeqCst);
    }
}
