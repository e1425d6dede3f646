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
    let flock = Arc::new(Flock::open(path, true)?);
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
    Ok(Box::new(Threaded { flock, requests, acquired }))
}

impl Section for Threaded {
    fn run(&mut self, inside: &mut dyn FnMut()) -> Outcome {
        self.requests.send(())?;
        self.acquired.recv_timeout(TIMEOUT)?;
        inside();
        Ok(self.flock.unlock()?)
    }
}
