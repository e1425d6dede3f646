//! The message of [`LockError::Timeout`](super::LockError::Timeout).

use std::fmt;
use std::time::Duration;

use crate::holder::{Confirmation, Holder, Tenths};
use crate::name::LockName;

/// Displays a timeout; the text depends on whether the acquisition waited.
pub(super) struct TimeoutMessage<'a> {
    pub(super) name: &'a LockName,
    pub(super) location: &'a str,
    pub(super) waited: Duration,
    pub(super) holder: Option<&'a Holder>,
    pub(super) other_holders: &'a [Holder],
    pub(super) blocked_on: Option<&'a str>,
}

impl fmt::Display for TimeoutMessage<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { name, location, waited, holder, other_holders, blocked_on } = self;
        match (name.permits(), waited.is_zero()) {
            (1, true) => {
                write!(f, "lock `{name}` ({location}) is already held, and the timeout is 0")?;
            }
            (permits, true) => write!(
                f,
                "all {permits} permits of lock `{name}` ({location}) are already held, and the timeout is 0"
            )?,
            (1, false) => {
                let waited = Tenths(*waited);
                write!(f, "timed out after {waited} waiting for lock `{name}` ({location})")?;
            }
            (permits, false) => write!(
                f,
                "timed out after {} waiting for one of the {permits} permits of lock `{name}` ({location})",
                Tenths(*waited)
            )?,
        }
        if let Some(blocked_on) = blocked_on {
            write!(f, ": {blocked_on}")?;
        }
        for (number, holder) in holder.iter().copied().chain(*other_holders).enumerate() {
            f.write_str(if number == 0 { ": " } else { "; " })?;
            write_holder(f, holder)?;
        }
        Ok(())
    }
}

fn write_holder(f: &mut fmt::Formatter<'_>, holder: &Holder) -> fmt::Result {
    if holder.confirmation == Confirmation::AwaitsStandby {
        return write!(
            f,
            "granted to {holder}; start the standby, or change synchronous_standby_names"
        );
    }
    match holder.held_for() {
        Some(held_for) => write!(f, "held for {} by {holder}", Tenths(held_for))?,
        None => write!(f, "held by {holder}")?,
    }
    holder.write_wait(f)
}
