//! What Ctrl-Z does.

use rustix::process::{getpid, getppid, getsid};
use signal_hook::consts::SIGTSTP;
use signal_hook::low_level::emulate_default_handler;

/// Stops this process, as it would have been if it did not handle `SIGTSTP`: not where no shell of its
/// session is there to have it go on.
pub(crate) fn stop() {
    let session = |process| getsid(Some(process)).ok();
    if getppid().and_then(session) == session(getpid()) {
        let _ = emulate_default_handler(SIGTSTP);
    }
}
