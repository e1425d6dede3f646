//! `flock(2)` on a thread of its own, which tells the one that waits: the least that a wait with a
//! timeout can be made of without signals.

use std::path::Path;
use std::sync::Arc;
use std::sync::mpsc::{self, Receiver, Sender};
use std::thread;

use super::flock::Flock;
use super::{Outcome, Section, TIMEOUT};

struct Threaded {
    flock: Arc<Flock>,
    orders: Sender<()>,
    answers: Receiver<()>,
}

pub(super) fn open(path: &Path) -> Outcome<Box<dyn Section>> {
    let flock = Arc::new(Flock::open(path, true)?);
    let (orders, inbox) = mpsc::channel();
    let (outbox, answers) = mpsc::channel();
    let locked = Arc::clone(&flock);
    thread::spawn(move || {
        while inbox.recv().is_ok() {
            locked.lock().expect("a local file can be locked");
            if outbox.send(()).is_err() {
                return;
            }
        }
    });
    Ok(Box::new(Threaded { flock, orders, answers }))
}

impl Section for Threaded {
    fn run(&mut self, inside: &mut dyn FnMut()) -> Outcome {
        self.orders.send(())?;
        self.answers.recv_timeout(TIMEOUT)?;
        inside();
        Ok(self.flock.unlock()?)
    }
}
