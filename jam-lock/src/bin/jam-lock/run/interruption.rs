//! A signal that ends a wait.

use std::ffi::c_int;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicI32, Ordering};
use std::thread;

use signal_hook::iterator::{Handle, Signals};

/// What wakes a thread that waits, when a signal comes that would end the process.
pub(super) struct Interruption {
    signal: Arc<AtomicI32>,
    closing: Handle,
}

impl Interruption {
    /// Wakes this thread.
    pub(super) fn of_this_thread() -> io::Result<Self> {
        let mut received = Signals::new(super::signals::ending())?;
        let (signal, closing) = (Arc::new(AtomicI32::new(0)), received.handle());
        let (came, waiting) = (Arc::clone(&signal), thread::current());
        thread::Builder::new().spawn(move || {
            for signal in received.forever() {
                came.store(signal, Ordering::Release);
                waiting.unpark();
            }
        })?;
        Ok(Self { signal, closing })
    }

    /// The last that came.
    pub(super) fn signal(&self) -> Option<c_int> {
        Some(self.signal.load(Ordering::Acquire)).filter(|signal| *signal != 0)
    }
}

impl Drop for Interruption {
    fn drop(&mut self) {
        self.closing.close();
    }
}
