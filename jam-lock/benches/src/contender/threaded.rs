//! `flock(2)` on a thread of its own: the least that a wait with a timeout costs without signals.

use std::path::Path;
use std::sync::Arc;
use std::sync::mpsc::{self, Receiver, Sender};
use std::thread;

use super::flock::Flock;
use super::{Outcome, Section, TIMEOUT};

struct Threaded {
    flock: Arc<Flock>,
    requests: Sender<()>,
    acquired: Receiver<()>,
}

pub(super) fn open(path: &Path) -> Outcome<Box<dyn Section>> {
    Ok(Box::new(Threaded::new(Flock::open(path, true)?)))
}

/// The thread also writes the record before it reports that the lock is held.
pub(super) fn recorded(path: &Path) -> Outcome<Box<dyn Section>> {
    Ok(Box::new(Threaded::new(Flock::open_recorded(path)?)))
}

impl Threaded {
    fn new(flock: Flock) -> Self {
        let flock = Arc::new(flock);
        let (requests, received) = mpsc::channel();
        let (sender, acquired) = mpsc::channel();
        let locked = Arc::clone(&flock);
        thread::spawn(move || {
            while received.recv().is_ok() {
                locked.lock().expect("a local file can be locked");
                if sender.send(()).is_err() {
                    return;
                }
            }
        });
        Self { flock, requests, acquired }
    }
}

impl Section for Threaded {
    fn run(&mut self, inside: &mut dyn FnMut()) -> Outcome {
        self.requests.send(())?;
        self.acquired.recv_timeout(TIMEOUT)?;
        inside();
        Ok(self.flock.unlock()?)
    }
}
