//! Starts the threads of this library.

use std::io;
use std::thread;

/// Starts a thread that runs `body`.
pub(crate) fn start(name: &'static str, body: impl FnOnce() + Send + 'static) -> io::Result<()> {
    start_boxed(name, Box::new(body))
}

/// The code that starts a thread is long, and so is compiled for one type.
fn start_boxed(name: &'static str, body: Box<dyn FnOnce() + Send>) -> io::Result<()> {
    thread::Builder::new().name(name.to_owned()).spawn(body).map(drop)
}
