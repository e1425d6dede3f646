//! What Ctrl-Z does.

use rustix::process::{getpid, getppid, getsid};
use signal_hook::consts::SIGTSTP;
use signal_hook::low_level::emulate_default_handler;

use crate::process::Process;

/// Stops this process, as it would have been if it did not handle `SIGTSTP`: not where nobody is there
/// to have it go on.
pub(crate) fn stop() {
    if is_job() {
        let _ = emulate_default_handler(SIGTSTP);
    }
}

/// Whether somebody above has this process as a job: is of its session, and of another group. A group
/// without that is called orphaned, and setpgid(2) says that the system does not stop it.
fn is_job() -> bool {
    let Some(this) = Process::this() else { return is_of_session_of_parent() };
    let mut of_session = this.ancestors().take_while(|above| above.session == this.session);
    of_session.any(|above| above.group != this.group)
}

/// What is known where only Linux tells more.
fn is_of_session_of_parent() -> bool {
    let session = |process| getsid(Some(process)).ok();
    getppid().and_then(session) == session(getpid())
}
