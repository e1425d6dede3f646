//! [`HolderWait`]: the lock that a holder waits for itself.

use std::fmt;
use std::time::{Duration, SystemTime};

use super::Holder;
use crate::engine::RecordedWait;

/// A lock that the holder of another lock waits for; see [`Holder::waits_for`].
///
/// Displayed, it is `` lock `stock`, held for 40.9 s by `recount` at src/stock.rs:7, stockd (pid 4311) ``,
/// and goes on with what that holder waits for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HolderWait {
    pub(crate) recorded: RecordedWait,
    pub(crate) holder: Option<Box<Holder>>,
    pub(crate) closes_cycle: bool,
}

impl HolderWait {
    /// The name of the lock that is waited for.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.recorded.name
    }

    /// Where that lock is: the path of a folder, or the URL of a server.
    #[must_use]
    pub fn location(&self) -> &str {
        &self.recorded.location
    }

    /// When the wait began, by the clock of its machine.
    #[must_use]
    pub fn since(&self) -> SystemTime {
        self.recorded.since
    }

    /// How long it has lasted; unknown if the clock was set back.
    #[must_use]
    pub fn waiting_for(&self) -> Option<Duration> {
        SystemTime::now().duration_since(self.since()).ok()
    }

    /// The function that waits, as in [`Holder::function`].
    #[must_use]
    pub fn function(&self) -> Option<&str> {
        self.recorded.function.as_deref()
    }

    /// The source file in which it waits, as in [`Holder::file`].
    #[must_use]
    pub fn file(&self) -> Option<&str> {
        self.recorded.file.as_deref()
    }

    /// The line in that file, from 1.
    #[must_use]
    pub fn line(&self) -> Option<u32> {
        self.recorded.line
    }

    /// The holder of the lock that is waited for, if it waits as well, or else if it is known.
    #[must_use]
    pub fn holder(&self) -> Option<&Holder> {
        self.holder.as_deref()
    }

    /// Whether the lock that is waited for is one that the chain began with: the owners in it wait for
    /// each other.
    #[must_use]
    pub fn closes_cycle(&self) -> bool {
        self.closes_cycle
    }
}

impl fmt::Display for HolderWait {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "lock `{}`", self.name())?;
        if self.closes_cycle {
            return f.write_str(", which is a deadlock");
        }
        let Some(holder) = &self.holder else { return Ok(()) };
        match holder.held_for() {
            Some(held_for) => write!(f, ", held for {} by {holder}", Tenths(held_for))?,
            None => write!(f, ", held by {holder}")?,
        }
        holder.write_wait(f)
    }
}

/// Displays a duration in tenths of a second, or in milliseconds if it is shorter than that.
pub(crate) struct Tenths(pub(crate) Duration);

impl fmt::Display for Tenths {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let seconds = (self.0.as_secs_f64() * 10.0).round() / 10.0;
        if seconds > 0.0 {
            write!(f, "{seconds} s")
        } else {
            write!(f, "{} ms", self.0.as_millis().max(1))
        }
    }
}
