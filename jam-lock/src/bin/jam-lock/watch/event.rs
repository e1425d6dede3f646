//! What happens to who watches: keys and signals.

use std::io::{self, Read};
use std::sync::mpsc::{self, Receiver, Sender};
use std::thread;
use std::time::Duration;

use signal_hook::consts::{SIGCONT, SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGTSTP, SIGWINCH};
use signal_hook::iterator::Signals;

/// What there is to do.
pub(super) enum Event {
    /// To look again, and to draw everything anew.
    Look,
    /// To stop for a while.
    Stop,
    /// To quit.
    Enough,
    /// To end by this signal.
    End(i32),
}

/// What happens from now on.
pub(super) struct Events(Receiver<Event>);

impl Events {
    pub(super) fn of_this_process() -> io::Result<Self> {
        let (tell, told) = mpsc::channel();
        let ends = [SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGTSTP, SIGCONT, SIGWINCH];
        let mut signals = Signals::new(ends)?;
        let keys = tell.clone();
        thread::Builder::new().spawn(move || {
            signals.forever().try_for_each(|signal| {
                tell.send(match signal {
                    SIGINT => Event::Enough,
                    SIGTSTP => Event::Stop,
                    SIGCONT | SIGWINCH => Event::Look,
                    signal => Event::End(signal),
                })
            })
        })?;
        thread::Builder::new().spawn(move || read_keys(&keys))?;
        Ok(Self(told))
    }

    /// The next, if there is one in time.
    pub(super) fn next(&self, within: Duration) -> Option<Event> {
        self.0.recv_timeout(within).ok()
    }
}

/// Tells of the keys that mean something. A terminal that is gone has no more to show.
fn read_keys(tell: &Sender<Event>) {
    let mut key = [0];
    loop {
        match io::stdin().read(&mut key) {
            Ok(1) if !matches!(key[0], b'q' | b'Q') => {}
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            _ => break,
        }
    }
    let _ = tell.send(Event::Enough);
}
