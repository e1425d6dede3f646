//! Keys and signals that `watch` reacts to.

use std::io::{self, Read};
use std::sync::mpsc::{self, Receiver, Sender};
use std::thread;
use std::time::Duration;

use signal_hook::consts::{SIGCONT, SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGTSTP, SIGWINCH};
use signal_hook::iterator::Signals;

/// What to do next.
pub(super) enum Event {
    /// Read the locks again and redraw everything.
    Redraw,
    /// Show the tree instead of the table, or the table again.
    SwitchView,
    /// Suspend the process, after Ctrl-Z.
    Suspend,
    /// Quit.
    Quit,
    /// End by this signal.
    Terminate(i32),
}

/// The events from now on.
pub(super) struct Events(Receiver<Event>);

impl Events {
    pub(super) fn new() -> io::Result<Self> {
        let (sender, receiver) = mpsc::channel();
        let handled = [SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGTSTP, SIGCONT, SIGWINCH];
        let mut signals = Signals::new(handled)?;
        let keys = sender.clone();
        thread::Builder::new().spawn(move || {
            signals.forever().try_for_each(|signal| {
                sender.send(match signal {
                    SIGINT => Event::Quit,
                    SIGTSTP => Event::Suspend,
                    SIGCONT | SIGWINCH => Event::Redraw,
                    signal => Event::Terminate(signal),
                })
            })
        })?;
        thread::Builder::new().spawn(move || read_keys(&keys))?;
        Ok(Self(receiver))
    }

    /// The next event, if one comes in time.
    pub(super) fn next(&self, within: Duration) -> Option<Event> {
        self.0.recv_timeout(within).ok()
    }
}

/// Waits for keys until `q`, or until the end of the terminal.
fn read_keys(sender: &Sender<Event>) {
    let mut key = [0];
    loop {
        match io::stdin().read(&mut key) {
            Ok(1) if matches!(key[0], b't' | b'T') => drop(sender.send(Event::SwitchView)),
            Ok(1) if !matches!(key[0], b'q' | b'Q') => {}
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            _ => break,
        }
    }
    let _ = sender.send(Event::Quit);
}
