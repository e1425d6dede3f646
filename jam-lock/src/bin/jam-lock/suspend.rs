//! Suspending this process, as Ctrl-Z does.

use rustix::process::{getpid, getppid, getsid};
use signal_hook::consts::SIGTSTP;
use signal_hook::low_level::emulate_default_handler;

use crate::process::Process;

/// Stops this process as an unhandled `SIGTSTP` would, unless no shell could continue it.
pub(crate) fn suspend() {
    if is_job() {
        let _ = emulate_default_handler(SIGTSTP);
    }
}

/// Whether an ancestor has this process as a job: one of the same session, but of another group.
/// Without one the group is orphaned, and the system does not stop it (`setpgid(2)`).
fn is_job() -> bool {
    let Some(this) = Process::this() else { return is_in_session_of_parent() };
    let mut in_session = this.ancestors().take_while(|above| above.session == this.session);
    in_session.any(|above| above.group != this.group)
}

/// The best guess where `/proc` is not available.
fn is_in_session_of_parent() -> bool {
    let session = |process| getsid(Some(process)).ok();
    getppid().and_then(session) == session(getpid())
}
