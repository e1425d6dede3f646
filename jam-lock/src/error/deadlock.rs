//! [`DeadlockedOwner`], and the message of [`LockError::Deadlock`](super::LockError::Deadlock).

use std::fmt;

use crate::holder::{Holder, HolderWait};
use crate::name::LockName;
use crate::this_process::ThisProcess;

/// An owner (a thread or a task) in a cycle of owners that wait for each other; see
/// [`LockError::cycle`](super::LockError::cycle).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeadlockedOwner {
    pub(crate) lock: String,
    pub(crate) location: String,
    pub(crate) holder: Holder,
    pub(crate) wait: HolderWait,
}

impl DeadlockedOwner {
    /// The name of the lock that the owner before it in the cycle waits for, and that it holds.
    #[must_use]
    pub fn holds(&self) -> &str {
        &self.lock
    }

    /// Where that lock is: the path of a folder, or the URL of a server.
    #[must_use]
    pub fn location(&self) -> &str {
        &self.location
    }

    /// The owner, as the holder of that lock: its process, host, function, file and line.
    #[must_use]
    pub fn holder(&self) -> &Holder {
        &self.holder
    }

    /// The lock that it waits for, which the next owner in the cycle holds.
    #[must_use]
    pub fn waits_for(&self) -> &HolderWait {
        &self.wait
    }
}

/// Displays a deadlock: its cycle, or what a server has reported.
pub(super) struct DeadlockMessage<'a> {
    pub(super) name: &'a LockName,
    pub(super) location: &'a str,
    pub(super) cycle: &'a [DeadlockedOwner],
}

impl fmt::Display for DeadlockMessage<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { name, location, cycle } = self;
        let Some(own) = cycle.first() else {
            return write!(
                f,
                "deadlock on lock `{name}` ({location}): its holder was waiting, directly or through \
                 others, for a lock held by this thread, task or transaction, whose locks there have \
                 all been released; acquire locks in one order everywhere, or all at once"
            );
        };
        f.write_str("deadlock: ")?;
        for (number, owner) in cycle.iter().enumerate() {
            let separator = if number == 0 { "" } else { "; " };
            write!(f, "{separator}{}", Described(owner))?;
        }
        let all = if cycle.len() > 2 { "all" } else { "both" };
        write!(
            f,
            ". Acquire them in one order everywhere, or {all} at once; the first owner still holds `{}`",
            own.lock
        )
    }
}

/// An owner, the lock that it holds, and the one that it waits for.
struct Described<'a>(&'a DeadlockedOwner);

impl fmt::Display for Described<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(DeadlockedOwner { lock, holder, wait, .. }) = self;
        // All processes of a cycle are usually on this machine.
        let is_here = holder.host == ThisProcess::get().host;
        let host = holder.host.clone().filter(|_| !is_here);
        let holder = Holder { host, is_this_process: false, waits_for: None, ..holder.clone() };
        write!(f, "{holder}, holds `{lock}` and waits for `{}`", wait.name())?;
        match (wait.file(), wait.line()) {
            (Some(file), Some(line))
                if holder.file() != Some(file) || holder.line() != Some(line) =>
            {
                write!(f, " at {file}:{line}")
            }
            _ => Ok(()),
        }
    }
}
