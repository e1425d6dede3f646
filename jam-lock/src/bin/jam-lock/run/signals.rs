//! The signals that arrive while the command runs.

use std::ffi::c_int;
use std::fs;
use std::io;
use std::iter;
use std::time::Instant;

use signal_hook::consts::{
    SIGALRM, SIGCHLD, SIGCONT, SIGHUP, SIGINT, SIGIO, SIGPROF, SIGQUIT, SIGTERM, SIGTSTP, SIGUSR1,
    SIGUSR2, SIGVTALRM, SIGWINCH,
};
use signal_hook::iterator::exfiltrator::WithOrigin;
use signal_hook::iterator::{Handle, SignalsInfo};
use signal_hook::low_level::siginfo::Origin;

/// Signals that end a process by default, and are forwarded.
const FATAL: [c_int; 10] =
    [SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGUSR1, SIGUSR2, SIGALRM, SIGVTALRM, SIGPROF, SIGIO];

/// Signals that are forwarded as well, although they end nothing.
const NOT_FATAL: [c_int; 3] = [SIGTSTP, SIGCONT, SIGWINCH];

/// The signals that have arrived and will arrive.
pub(super) struct Signals {
    received: SignalsInfo<WithOrigin>,
    /// When the signals that had arrived were last taken.
    taken: Instant,
}

/// A signal, and when it arrived at the earliest.
pub(super) struct Arrival {
    pub(super) origin: Origin,
    pub(super) since: Instant,
}

impl Signals {
    /// Collects fatal signals from now on.
    pub(super) fn collect() -> io::Result<Self> {
        let received = SignalsInfo::<WithOrigin>::new(fatal())?;
        Ok(Self { received, taken: Instant::now() })
    }

    /// The first signal that has arrived.
    pub(super) fn first(&mut self) -> Option<c_int> {
        self.received.pending().next().map(|origin| origin.signal)
    }

    /// The signals that have arrived.
    pub(super) fn pending(&mut self) -> impl Iterator<Item = Origin> + '_ {
        self.received.pending()
    }

    /// Also collects the signals that concern a running command.
    pub(super) fn collect_for_command(&self) -> io::Result<()> {
        // Without a handler for `SIGCHLD`, the kernel forgets how the command has exited if that
        // signal is ignored.
        let signals = not_ignored(&NOT_FATAL).into_iter().chain([SIGCHLD]);
        signals.into_iter().try_for_each(|signal| self.received.add_signal(signal))
    }

    /// Each signal as it arrives, until the iterator is closed.
    pub(super) fn forever(&mut self) -> impl Iterator<Item = Arrival> + '_ {
        iter::from_fn(|| self.next_signals()).flatten()
    }

    /// Waits for the next signals, which are in no order; `None` once the iterator is closed.
    fn next_signals(&mut self) -> Option<Vec<Arrival>> {
        let now = Instant::now();
        let (mut since, mut origins) = (self.taken, self.received.pending().collect::<Vec<_>>());
        self.taken = now;
        if origins.is_empty() {
            origins = self.received.wait().collect();
            since = Instant::now();
            self.taken = since;
        }
        let is_over = origins.is_empty() && self.received.handle().is_closed();
        let arrivals = origins.into_iter().map(|origin| Arrival { origin, since });
        (!is_over).then(|| arrivals.collect())
    }

    /// Closes the iterator.
    pub(super) fn handle(&self) -> Handle {
        self.received.handle()
    }
}

/// Signals that would end this process. Ignored ones (as under `nohup`) are left alone, so that the
/// command inherits that they are ignored.
pub(super) fn fatal() -> Vec<c_int> {
    not_ignored(&FATAL)
}

/// Whether a process has a handler for `signal`; `true` if that cannot be seen.
pub(super) fn catches(process: u32, signal: c_int) -> bool {
    signal_set(&process.to_string(), "SigCgt:").is_none_or(|caught| contains(caught, signal))
}

fn not_ignored(signals: &[c_int]) -> Vec<c_int> {
    let ignored = signal_set("self", "SigIgn:").unwrap_or(0);
    signals.iter().copied().filter(|signal| !contains(ignored, *signal)).collect()
}

fn contains(set: u64, signal: c_int) -> bool {
    set & (1 << (signal - 1)) != 0
}

/// A set of signals of a process. Only Linux shows it.
fn signal_set(process: &str, field: &str) -> Option<u64> {
    let status = fs::read_to_string(format!("/proc/{process}/status")).ok()?;
    let set = status.lines().find_map(|line| line.strip_prefix(field))?;
    u64::from_str_radix(set.trim(), 16).ok()
}
